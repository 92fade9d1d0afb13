//! The map on the disk: for its owner alone, replaced as a whole, never inside the output.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::folder;
use crate::cli::failure::{Failure, Trouble};
use crate::cli::settings;
use crate::redact::map::{Map, Saved};

/// Longest map that is read.
const LONGEST: u64 = 256 << 20;

/// A new place in the folder of states, named after the output.
///
/// # Errors
/// When there is no such folder.
pub(super) fn fresh(output: &Path) -> Result<PathBuf, Failure> {
    let folder = settings::state_folder().ok_or_else(|| {
        Trouble::new("there is no place for the map")
            .cause("neither HOME nor XDG_STATE_HOME is set")
            .help("name a file by '--map'")
    })?;
    let name = output
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| "output".to_owned());
    let [a, b, c, d, ..] = key()?;
    let folder = folder.join("maps");
    make_folder(&folder).map_err(|error| unusable("write", &folder, &error))?;
    Ok(folder.join(format!("{name}-{a:02x}{b:02x}{c:02x}{d:02x}.json")))
}

/// The map of a file; a new one where there is no file.
///
/// # Errors
/// When it cannot be read.
pub(super) fn load(path: &Path) -> Result<Map, Failure> {
    let mut text = String::new();
    let opened = File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    match opened {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Map::new(key()?)),
        Err(error) => return Err(unusable("read", path, &error)),
    }
    let saved: Saved = serde_json::from_str(&text).map_err(|error| {
        Failure::from(
            Trouble::new(format!("cannot read the map '{}'", path.display()))
                .because(&error)
                .help("name a map that 'clusterdx redact' wrote, or a new file"),
        )
    })?;
    Map::from_saved(&saved).map_err(|cause| {
        Trouble::new(format!("cannot read the map '{}'", path.display()))
            .cause(cause)
            .help("name a map that 'clusterdx redact' wrote, or a new file")
            .into()
    })
}

/// Writes the map, for nobody else to read.
///
/// # Errors
/// When it cannot be written; a map that was there is then untouched.
pub(super) fn save(path: &Path, map: &Map) -> Result<(), Failure> {
    let failed = |error: io::Error| unusable("write", path, &error);
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(path.file_name().unwrap_or_default());
    hidden.push(format!(".{}.tmp", std::process::id()));
    let temporary = folder(path).join(hidden);
    let write = || {
        let mut file = private(&temporary)?;
        serde_json::to_writer_pretty(io::BufWriter::new(&file), &map.saved())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|error| {
        _ = fs::remove_file(&temporary);
        failed(error)
    })
}

/// A new file that only its owner can read.
pub(super) fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A folder that only its owner can open, and those above it.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Bytes that nobody can guess.
pub(super) fn key() -> Result<[u8; 32], Failure> {
    let mut key = [0; 32];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut key));
    read.map(|()| key).map_err(|error| {
        Trouble::new("cannot make a key for the map")
            .because(&error)
            .into()
    })
}

fn unusable(what: &str, path: &Path, error: &io::Error) -> Failure {
    Trouble::new(format!("cannot {what} the map '{}'", path.display()))
        .because(error)
        .into()
}
