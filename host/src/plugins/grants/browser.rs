//! Where a gateway may send customers: pages of its own, and of banks. A page that nobody granted
//! could be anybody's, and ask for anything.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Grant, Meant, Origin, Wishes, meant};

/// The word for any https page, such as those of all banks.
pub const ANY: &str = "any";

/// Where customers may be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Browser {
    /// Origins that were named. A form may end there.
    pub origins: BTreeSet<Origin>,
    /// Whether every other https page may be linked to.
    pub any: bool,
}

impl Browser {
    /// Whether customers may be sent to pages of `origin`.
    pub fn permits(&self, origin: &Origin) -> bool {
        self.origins.contains(origin) || (self.any && !origin.is_plain())
    }
}

/// What is wished and granted. `setting` answers the text of a setting.
pub(super) fn permitted(
    wishes: &Wishes,
    grant: &Grant,
    setting: &impl Fn(&str) -> Option<String>,
    remarks: &mut Vec<Finding>,
) -> Browser {
    let mut holds = Browser::default();
    let (mut named, mut any) = (BTreeMap::new(), None);
    for (index, word) in grant.browser.iter().enumerate() {
        let key = format!("grants.browser.{index}");
        match word.parse::<Origin>() {
            _ if word == ANY => any = Some(key),
            Ok(origin) => drop(named.insert(origin, key)),
            Err(error) => remarks.push(Finding::new(&key, error.to_string(), "")),
        }
    }
    let wishes_any = wishes.browser.iter().any(|wish| wish == ANY);
    match (wishes_any, any) {
        (true, Some(key)) => {
            holds.any = true;
            remarks.push(Finding::new(
                &key,
                "the plugin may send customers to any https page, whatever stands there",
                "Grant this to a gateway that you trust, and whose customers go to pages of many \
                 banks; to others, the origins of their own pages.",
            ));
        }
        (true, None) => remarks.push(Finding::new(
            "grants.browser",
            "the plugin wishes to send customers to any https page, such as those of banks, which \
             is not granted",
            format!("Name \"{ANY}\" there if it may; customers do not get to other pages."),
        )),
        (false, Some(key)) => remarks.push(Finding::new(
            &key,
            "the plugin does not wish to send customers to any page",
            "Remove it.",
        )),
        (false, None) => {}
    }
    for wish in wishes.browser.iter().filter(|wish| *wish != ANY) {
        match meant(wish, setting) {
            Meant::Nothing => {}
            Meant::NoOrigin => remarks.push(Finding::new(
                "grants.browser",
                format!("the plugin wishes to send customers to `{wish}`, which names no origin"),
                "",
            )),
            Meant::Origin(origin) if named.remove(&origin).is_some() => {
                holds.origins.insert(origin);
            }
            Meant::Origin(origin) if holds.origins.contains(&origin) => {}
            Meant::Origin(origin) => remarks.push(Finding::new(
                "grants.browser",
                format!(
                    "the plugin wishes to send customers to pages of {origin}, which is not \
                     granted, so that nobody can pay or confirm there"
                ),
                format!("Write browser = [\"{origin}\"] under grants if it may."),
            )),
        }
    }
    for (origin, key) in named {
        let what = format!("the plugin does not wish to send customers to {origin}");
        remarks.push(Finding::new(&key, what, "Remove it."));
    }
    holds
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The origins that hold, whether all do, and the keys of what there is to say.
    fn of(wishes: &[&str], granted: &[&str]) -> (Vec<String>, bool, Vec<String>) {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let wishes = Wishes {
            browser: texts(wishes),
            ..Wishes::default()
        };
        let grant = Grant {
            browser: texts(granted),
            ..Grant::default()
        };
        let setting = |name: &str| (name == "base_url").then(|| "http://127.0.0.1:8081/v1".into());
        let mut remarks = Vec::new();
        let holds = permitted(&wishes, &grant, &setting, &mut remarks);
        let origins = holds.origins.iter().map(ToString::to_string).collect();
        let keys = remarks.into_iter().map(|remark| remark.key).collect();
        (origins, holds.any, keys)
    }

    #[test]
    fn customers_are_sent_where_it_is_wished_and_granted() {
        let page = "https://pay.example.com";
        assert_eq!(of(&[], &[]), (vec![], false, vec![]));
        let (origins, any, keys) = of(&[page], &[]);
        assert_eq!((origins, any), (vec![], false));
        assert_eq!(keys, ["grants.browser"]);
        let (origins, _, keys) = of(&[page], &["HTTPS://pay.example.com:443/"]);
        assert_eq!(origins, [page]);
        assert!(keys.is_empty(), "{keys:?}");
        let (origins, _, keys) = of(&[page], &[page, "https://other.example"]);
        assert_eq!(origins, [page]);
        assert_eq!(keys, ["grants.browser.1"]);
        let (origins, _, keys) = of(&["setting:base_url"], &["http://127.0.0.1:8081"]);
        assert_eq!(origins, ["http://127.0.0.1:8081"]);
        assert!(keys.is_empty(), "{keys:?}");
        // The same page twice, and a setting without a value.
        let (origins, _, keys) = of(&[page, page, "setting:none"], &[page]);
        assert_eq!(origins, [page]);
        assert!(keys.is_empty(), "{keys:?}");
    }

    #[test]
    fn any_page_is_a_word_of_its_own_that_both_must_say_and_that_is_always_named() {
        assert_eq!(of(&["any"], &[]).2, ["grants.browser"]);
        assert!(!of(&["any"], &[]).1);
        assert!(!of(&[], &["any"]).1);
        assert_eq!(of(&[], &["any"]).2, ["grants.browser.0"]);
        let (_, any, keys) = of(&["any"], &["any"]);
        assert!(any);
        assert_eq!(keys, ["grants.browser.0"]);
        let anywhere = Browser {
            any: true,
            ..Browser::default()
        };
        let permits = |origin: &str| anywhere.permits(&origin.parse().expect("an origin"));
        assert!(permits("https://bank.example"));
        assert!(!permits("http://bank.example"));
    }
}
