//! The report's way to standard output or a file. A file is complete or untouched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::failure::{Failure, Trouble};

/// Where a result goes.
#[derive(Debug)]
pub(super) enum Target {
    /// Standard output.
    Standard,
    /// A file that is replaced as a whole.
    Replace(PathBuf),
    /// A device or pipe, which is written as it is.
    Device(PathBuf),
}

impl Target {
    /// Judges `--output` before any work is done.
    ///
    /// # Errors
    /// When the file cannot be made there, or is one of the inputs.
    pub(super) fn new(output: Option<&Path>, inputs: &[String]) -> Result<Self, Failure> {
        let Some(path) = output else {
            return Ok(Self::Standard);
        };
        let refuse = |error: io::Error| Failure::write(&format!("'{}'", path.display()), &error);
        let real = match fs::metadata(path) {
            Ok(known) if known.is_dir() => {
                return Err(Trouble::new(format!(
                    "cannot write the result to '{}'",
                    path.display()
                ))
                .cause("it is a folder")
                .into());
            }
            Ok(known) if !known.is_file() => return Ok(Self::Device(path.to_owned())),
            // behind a link stands the file that is to be replaced
            Ok(_) => fs::canonicalize(path).map_err(refuse)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(refuse(error)),
        };
        if inputs
            .iter()
            .any(|input| fs::canonicalize(input).is_ok_and(|input| input == real))
        {
            return Err(
                Trouble::new(format!("cannot write the result to '{}'", path.display()))
                    .cause("it is one of the inputs")
                    .into(),
            );
        }
        match fs::metadata(folder(&real)) {
            Ok(known) if known.is_dir() => Ok(Self::Replace(real)),
            Ok(_) => Err(refuse(io::ErrorKind::NotADirectory.into())),
            Err(error) => Err(refuse(error)),
        }
    }

    /// Writes a result by means of `fill`.
    ///
    /// # Errors
    /// When it cannot be written to its end; a file that was there before is then untouched.
    pub(super) fn write(
        &self,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let (name, done) = match self {
            Self::Standard => (
                "standard output".to_owned(),
                finish(io::stdout().lock(), fill).map(drop),
            ),
            Self::Device(path) => (
                format!("'{}'", path.display()),
                OpenOptions::new()
                    .write(true)
                    .open(path)
                    .and_then(|file| finish(file, fill))
                    .map(drop),
            ),
            Self::Replace(path) => (format!("'{}'", path.display()), replace(path, fill)),
        };
        done.map_err(|error| Failure::write(&name, &error))
    }
}

fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn finish<W: Write>(out: W, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<W> {
    let mut out = BufWriter::with_capacity(64 << 10, out);
    fill(&mut out)?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)
        .and_then(|mut inner| inner.flush().map(|()| inner))
}

fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", std::process::id()));
    let temporary = folder(path).join(hidden);
    let written = File::create_new(&temporary).and_then(|file| {
        if let Ok(known) = fs::metadata(path) {
            file.set_permissions(known.permissions())?;
        }
        finish(file, fill)?.sync_all()?;
        fs::rename(&temporary, path)
    });
    if written.is_err() {
        _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_complete_or_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.txt");
        fs::write(&path, "old").unwrap();
        let target = Target::new(Some(&path), &[]).unwrap();
        let failed = target.write(|out| {
            out.write_all(b"half")
                .and_then(|()| Err(io::Error::other("no")))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        target.write(|out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(folder.path()), ["r.txt"]);
    }

    #[test]
    fn places_that_cannot_be_written_are_refused_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("in.log");
        fs::write(&input, "x").unwrap();
        let inputs = [input.to_str().unwrap().to_owned()];
        assert!(
            Target::new(Some(&input), &inputs)
                .unwrap_err()
                .text()
                .contains("it is one of the inputs")
        );
        assert!(
            Target::new(Some(folder.path()), &inputs)
                .unwrap_err()
                .text()
                .contains("it is a folder")
        );
        assert!(Target::new(Some(&folder.path().join("no/r.txt")), &inputs).is_err());
        assert!(Target::new(Some(&input.join("r.txt")), &inputs).is_err());
        assert!(matches!(Target::new(None, &inputs), Ok(Target::Standard)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        let target = Target::new(Some(Path::new("/dev/full")), &[]).unwrap();
        assert!(matches!(target, Target::Device(_)));
        let told = target.write(|out| out.write_all(b"x")).unwrap_err().text();
        assert!(
            told.starts_with("error: cannot write the result to '/dev/full'\n  cause: "),
            "{told}"
        );
    }
}
