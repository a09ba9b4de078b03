//! What a pages plugin answers, cut to size.

use crate::domain::content::Content;
use crate::domain::extra_page::{NavigationEntry, PageAnswer, Submission};
use crate::plugins::bindings::exports::vestibule::pages::pages;
use crate::plugins::bindings::vestibule::pages::types as wit;
use crate::plugins::said::{self, MOST_WORD};

/// Entries of the navigation.
const MOST_ENTRIES: usize = 3;
/// Fields that one complaint about a form may name.
const MOST_FIELDS: usize = 50;
/// Bytes of a file for the customer.
const LARGEST_FILE: usize = 1 << 20;

/// The entries of the navigation.
pub(super) fn navigation(description: pages::Description) -> Result<Vec<NavigationEntry>, String> {
    if description.navigation.len() > MOST_ENTRIES {
        return Err("it has more than three entries of the navigation".to_owned());
    }
    let entry = |entry: pages::Entry| {
        if !is_path(&entry.path) {
            let path: String = entry.path.chars().take(100).collect();
            return Err(format!(
                "the path {path:?} of an entry is not a plain one that starts with `/`"
            ));
        }
        said::fits("the label of an entry", &entry.label, MOST_WORD)?;
        said::fits("the icon of an entry", &entry.icon, MOST_WORD)?;
        Ok(NavigationEntry {
            path: entry.path,
            label: entry.label,
            icon: entry.icon,
        })
    };
    description.navigation.into_iter().map(entry).collect()
}

/// A path of plain parts.
fn is_path(path: &str) -> bool {
    let plain = |part: &str| {
        part != "."
            && part != ".."
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    path.len() <= MOST_WORD && path.starts_with('/') && path[1..].split('/').all(plain)
}

pub(super) fn content(content: wit::Content) -> Result<Content, String> {
    match content {
        wit::Content::Text(text) => said::text(text),
        wit::Content::Markdown(text) => said::markdown(text),
        wit::Content::Template(template) => said::template(template.name, &template.data),
    }
}

pub(super) fn answer(answer: pages::Answer) -> Result<PageAnswer, String> {
    Ok(match answer {
        pages::Answer::Page(page) => PageAnswer::Page {
            title: short("the title", page.title)?,
            content: content(page.content)?,
        },
        pages::Answer::Redirect(to) => {
            PageAnswer::Redirect(short("the address of a redirect", to)?)
        }
        pages::Answer::Download(file) => {
            if file.body.len() > LARGEST_FILE {
                return Err(format!("a file is larger than {} MiB", LARGEST_FILE >> 20));
            }
            PageAnswer::Download {
                name: short("the name of a file", file.name)?,
                media_type: short("the type of a file", file.media_type)?,
                body: file.body,
            }
        }
        pages::Answer::NotFound => PageAnswer::NotFound,
    })
}

pub(super) fn submission(submission: pages::Submission) -> Result<Submission, String> {
    Ok(match submission {
        pages::Submission::Taken(taken) => Submission::Taken(answer(taken)?),
        pages::Submission::Invalid(fields) => {
            if fields.is_empty() || fields.len() > MOST_FIELDS {
                return Err(format!(
                    "it complains about {} fields; 1 to {MOST_FIELDS} are taken",
                    fields.len()
                ));
            }
            let field = |field: pages::FieldError| -> Result<_, String> {
                Ok((
                    short("the name of a field", field.field)?,
                    short("a complaint about a field", field.message)?,
                ))
            };
            Submission::Invalid(fields.into_iter().map(field).collect::<Result<_, _>>()?)
        }
    })
}

fn short(what: &str, text: String) -> Result<String, String> {
    said::fits(what, &text, MOST_WORD).map(|()| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_the_navigation_leads_to_a_plain_path() {
        let read = |path: &str| {
            let entry = pages::Entry {
                path: path.to_owned(),
                label: "nav".to_owned(),
                icon: "home".to_owned(),
            };
            navigation(pages::Description {
                navigation: vec![entry],
                extra: Vec::new(),
            })
        };
        for good in ["/", "/offers", "/offers/new_1.html"] {
            assert!(read(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "offers",
            "../offers",
            "/../offers",
            "/a/../../b",
            "/./a",
            "/%2e%2e/a",
            "/a\\b",
            "/a?b",
            "/a#b",
            "/a b",
            "/a\n",
            "https://evil.example/",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
