//! From a Typst source and its inputs to PDF bytes. No other file names a Typst type.
//!
//! The document sees its own source, its inputs and our fonts: no other file, no package, no
//! system font, and as today's date the day it was issued.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Dict, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_pdf::{PdfOptions, Timestamp as PdfTimestamp};

use super::content::Content;
use crate::domain::invoice::Invoice;
use crate::themes::Theme;

/// How many renders Typst's memory of earlier results survives.
const MEMORY: usize = 8;

/// Fonts that were read, by file.
#[derive(Default)]
pub(super) struct Fonts(Mutex<HashMap<PathBuf, Option<Font>>>);

impl Fonts {
    /// Sets `source` with `content` in the fonts of `theme`. The error is for the operator.
    pub(super) fn typeset(
        &self,
        theme: &Theme,
        source: &str,
        content: &Content,
        invoice: &Invoice,
    ) -> Result<Vec<u8>, String> {
        let inputs = serde_json::to_value(content).map_err(|error| error.to_string())?;
        let inputs: Dict = serde_json::from_value(inputs).map_err(|error| error.to_string())?;
        let issued = invoice.issued_at.unwrap_or(invoice.created_at);
        let world = Desk::new(source, inputs, self.of(theme), date(issued));
        let result = typst::compile(&world).output.and_then(|document| {
            let options = PdfOptions {
                ident: Smart::Custom(invoice.id.to_string()),
                creator: Smart::Custom(None),
                timestamp: date(issued).map(PdfTimestamp::new_utc),
                ..PdfOptions::default()
            };
            typst_pdf::pdf(&document, &options)
        });
        comemo::evict(MEMORY);
        result.map_err(|diagnostics| first(&diagnostics))
    }

    /// The fonts of a theme and what it extends, its own first.
    fn of(&self, theme: &Theme) -> Vec<Font> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        theme
            .folders()
            .flat_map(|folder| files(&folder.join("fonts")))
            .filter_map(|path| {
                known
                    .entry(path.clone())
                    .or_insert_with(|| read(&path))
                    .clone()
            })
            .collect()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let is_font = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "otf" || extension == "ttf")
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(is_font)
        .collect();
    files.sort();
    files
}

fn read(path: &Path) -> Option<Font> {
    Font::new(Bytes::new(std::fs::read(path).ok()?), 0)
}

fn date(at: Timestamp) -> Option<Datetime> {
    let at = at.to_zoned(TimeZone::UTC).datetime();
    let number = |value: i8| u8::try_from(value).ok();
    Datetime::from_ymd_hms(
        at.year().into(),
        number(at.month())?,
        number(at.day())?,
        number(at.hour())?,
        number(at.minute())?,
        number(at.second())?,
    )
}

fn first(diagnostics: &[SourceDiagnostic]) -> String {
    diagnostics
        .first()
        .map_or_else(|| "no reason given".to_owned(), |d| d.message.to_string())
}

/// All that one document can see.
struct Desk {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    main: Source,
    today: Option<Datetime>,
}

impl Desk {
    fn new(source: &str, inputs: Dict, fonts: Vec<Font>, today: Option<Datetime>) -> Self {
        let path = VirtualPath::new("invoice.typ").expect("a plain name is a path");
        let id = RootedPath::new(VirtualRoot::Project, path).intern();
        Self {
            library: LazyHash::new(Library::builder().with_inputs(inputs).build()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            main: Source::new(id, source.to_owned()),
            today,
        }
    }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() {
            Ok(self.main.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        self.today
    }
}
