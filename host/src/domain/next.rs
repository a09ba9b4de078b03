//! Where a browser is sent on: one of our own paths, or nowhere.

use url::Url;

/// A path of the surface that it is used on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next(String);

const LONGEST: usize = 400;

impl Next {
    /// The path in `text`, if it is one and cannot lead anywhere else.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !plain || !text.starts_with('/') || text.starts_with("//") || text.len() > LONGEST {
            return None;
        }
        let here = Url::parse("http://here.invalid").expect("a URL");
        let target = here
            .join(text)
            .ok()
            .filter(|url| url.origin() == here.origin())?;
        let path = target.path();
        if path.starts_with("//") || path == "/" || path.starts_with("/login") {
            return None;
        }
        Some(Self(match target.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }))
    }

    /// The path, with what is asked of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_gone_to() {
        for good in ["/subscriptions", "/payments/pay_1?x=1"] {
            assert_eq!(
                Next::parse(good).map(Next::into_string).as_deref(),
                Some(good)
            );
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "/./../..//evil.example",
            "/login",
            "javascript:alert(1)",
        ] {
            assert_eq!(Next::parse(bad), None, "{bad:?}");
        }
    }
}
