//! Walking a theme's folder without leaving it.

use std::path::{Path, PathBuf};

use super::Error;

/// A theme deeper than this is a mistake.
const DEEPEST: usize = 6;

/// All files below `root` by their path with `/`, sorted; none when there is no folder.
/// Symbolic links are refused: a theme cannot read outside itself.
pub(super) fn files(root: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let mut found = Vec::new();
    walk(root, "", 0, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), Error> {
    let failed = |source| Error::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && depth == 0 => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let file_name = entry.file_name();
        let Some(name) = file_name.to_str() else {
            return Err(Error::FileName { path });
        };
        if name.starts_with('.') {
            continue;
        }
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && depth < DEEPEST {
            walk(&path, &format!("{prefix}{name}/"), depth + 1, found)?;
        } else if kind.is_file() {
            found.push((format!("{prefix}{name}"), path));
        } else {
            return Err(Error::FileName { path });
        }
    }
    Ok(())
}
