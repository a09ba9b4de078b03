//! Reading the folder that stands in for a mail server in the demo.
//!
//! Whoever reads it can sign in as anyone, so only `serve` of a host whose mails go nowhere
//! else shows it.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mail_parser::MessageParser;

/// How many mails a list has at most.
const SHOWN: usize = 100;

/// A folder of mails.
#[derive(Clone, Debug)]
pub struct Mailbox(PathBuf);

/// One mail as a person sees it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The name of its file without the ending.
    pub id: String,
    /// Who it says it is from.
    pub from: String,
    /// Who it was sent to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// When it was put there.
    pub at: Timestamp,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl Mailbox {
    /// The mailbox in `folder`, which need not exist yet.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The newest mails, newest first. Files that are no mails are left out.
    pub fn newest(&self) -> io::Result<Vec<Kept>> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "eml") {
                files.push((entry.metadata()?.modified()?, path));
            }
        }
        files.sort();
        Ok(files
            .iter()
            .rev()
            .take(SHOWN)
            .filter_map(|(_, path)| read(path))
            .collect())
    }

    /// The mail `id`.
    pub fn mail(&self, id: &str) -> Option<Kept> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || !id.chars().all(is_name) {
            return None;
        }
        read(&self.0.join(format!("{id}.eml")))
    }
}

fn read(path: &Path) -> Option<Kept> {
    let at = std::fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()?;
    let bytes = std::fs::read(path).ok()?;
    let message = MessageParser::default().parse(&bytes)?;
    let first = |address: Option<&mail_parser::Address<'_>>| {
        let address = address.and_then(|address| address.first());
        let name = address
            .and_then(|address| address.name())
            .unwrap_or_default();
        let address = address
            .and_then(|address| address.address())
            .unwrap_or_default();
        if name.is_empty() {
            address.to_owned()
        } else {
            format!("{name} <{address}>")
        }
    };
    Some(Kept {
        id: path.file_stem()?.to_str()?.to_owned(),
        from: first(message.from()),
        to: first(message.to()),
        subject: message.subject().unwrap_or_default().to_owned(),
        at: Timestamp::try_from(at).ok()?,
        text: message.body_text(0)?.into_owned(),
        html: message.body_html(0)?.into_owned(),
    })
}
