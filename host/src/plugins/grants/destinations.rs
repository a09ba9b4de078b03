//! Where a secret may be sent. A plugin that may reach several origins must not be able to give
//! the key of one to another; the host puts secrets into headers only for those that they are for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Origin, Wishes, meant};

/// Each secret with the origins that it may be sent to.
pub(super) fn of(
    wishes: &Wishes,
    permitted: &BTreeMap<Origin, bool>,
    setting: &impl Fn(&str) -> Option<String>,
    remarks: &mut Vec<Finding>,
) -> BTreeMap<String, BTreeSet<Origin>> {
    let mut destinations = BTreeMap::new();
    for name in &wishes.secrets {
        let origins = match wishes.secrets_for.get(name) {
            Some(named) => {
                let origins = named
                    .iter()
                    .filter_map(|wish| meant(wish, setting).origin());
                origins
                    .filter(|origin| permitted.contains_key(origin))
                    .collect()
            }
            None if permitted.len() == 1 => permitted.keys().cloned().collect(),
            None => {
                if let Some(first) = permitted.keys().next() {
                    remarks.push(Finding::new(
                        &format!("secrets.{name}"),
                        "the plugin may reach several origins and does not say which of them this \
                         secret is for, so that it is sent to none",
                        format!(
                            "Its author writes secrets_for.{name} = [\"{first}\"] or the like \
                             under [permissions] of plugin.toml; [] where it only signs."
                        ),
                    ));
                }
                BTreeSet::new()
            }
        };
        destinations.insert(name.clone(), origins);
    }
    destinations
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &str = "https://api.example.com";
    const STATS: &str = "https://stats.example.net";

    /// Where the secret `key` may be sent, and how much there is to say.
    fn sent(permitted: &[&str], said: Option<&[&str]>) -> (Vec<String>, usize) {
        let mut wishes = Wishes {
            secrets: ["key".to_owned()].into(),
            ..Wishes::default()
        };
        if let Some(said) = said {
            let said = said.iter().map(ToString::to_string).collect();
            wishes.secrets_for.insert("key".to_owned(), said);
        }
        let permitted = permitted
            .iter()
            .map(|origin| (origin.parse().expect("an origin"), false));
        let mut remarks = Vec::new();
        let answer = of(&wishes, &permitted.collect(), &|_| None, &mut remarks);
        let origins = answer["key"].iter().map(ToString::to_string).collect();
        (origins, remarks.len())
    }

    #[test]
    fn a_secret_goes_to_the_one_origin_or_to_those_that_it_is_said_to_be_for() {
        assert_eq!(sent(&[API], None), (vec![API.to_owned()], 0));
        assert_eq!(sent(&[API, STATS], None), (vec![], 1));
        assert_eq!(sent(&[], None), (vec![], 0));
        assert_eq!(sent(&[API, STATS], Some(&[API])).0, [API]);
        // What was not granted is reached by nothing.
        assert_eq!(sent(&[STATS], Some(&[API])), (vec![], 0));
        // One that only signs.
        assert_eq!(sent(&[API, STATS], Some(&[])), (vec![], 0));
    }
}
