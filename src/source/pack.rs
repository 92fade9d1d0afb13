//! Archives that are written: zip, tar and tar in gzip, from files on the disk.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::PathBuf;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};

/// A kind of archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pack {
    /// Zip.
    Zip,
    /// Tar.
    Tar,
    /// Tar in gzip.
    TarGz,
}

impl Pack {
    /// That of a name.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if name.ends_with(".zip") {
            return Some(Self::Zip);
        }
        if name.ends_with(".tar.gz") || name.ends_with(".tgz") {
            return Some(Self::TarGz);
        }
        name.ends_with(".tar").then_some(Self::Tar)
    }
}

/// A file that goes into an archive.
#[derive(Clone, Debug)]
pub struct Packed {
    /// Its name there, parted by slashes.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// When it was last changed, seconds since 1970.
    pub modified: Option<i64>,
}

/// Writes an archive.
///
/// # Errors
/// When a file cannot be read, the archive cannot be written, or a zip cannot hold so much.
pub fn pack(kind: Pack, files: &[Packed], out: File) -> io::Result<()> {
    let out = BufWriter::new(out);
    let done = match kind {
        Pack::Zip => zip(files, out)?,
        Pack::Tar => tar(files, out)?,
        Pack::TarGz => tar(files, GzEncoder::new(out, Compression::default()))?.finish()?,
    };
    done.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

fn tar<W: Write>(files: &[Packed], out: W) -> io::Result<W> {
    let mut builder = tar::Builder::new(out);
    for one in files {
        let file = File::open(&one.path)?;
        let size = file.metadata()?.len();
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o644);
        header.set_mtime(
            one.modified
                .and_then(|time| u64::try_from(time).ok())
                .unwrap_or(0),
        );
        header.set_entry_type(tar::EntryType::Regular);
        builder.append_data(&mut header, &one.name, file.take(size))?;
    }
    builder.into_inner()
}

/// A member of a zip as its directory lists it.
struct Listed {
    name: Vec<u8>,
    time: u32,
    modified: i32,
    crc: u32,
    packed: u32,
    size: u32,
    offset: u32,
}

/// APPNOTE.TXT of PKWARE; sizes stand behind the content, so that it is written in one go.
fn zip<W: Write + Seek>(files: &[Packed], mut out: W) -> io::Result<W> {
    let large = || {
        let text = "a zip archive cannot hold so much; name the output .tar.gz or a folder";
        io::Error::new(io::ErrorKind::FileTooLarge, text)
    };
    let small = |number: u64| u32::try_from(number).map_err(|_| large());
    let mut listed = Vec::new();
    for one in files {
        let offset = small(out.stream_position()?)?;
        let modified = one
            .modified
            .and_then(|time| i32::try_from(time).ok())
            .unwrap_or(0);
        let mut entry = Listed {
            name: one.name.clone().into_bytes(),
            time: dos(i64::from(modified)),
            modified,
            crc: 0,
            packed: 0,
            size: 0,
            offset,
        };
        out.write_all(&[0x50, 0x4b, 3, 4])?;
        out.write_all(&shared(&entry)?)?;
        out.write_all(&entry.name)?;
        out.write_all(&stamp(&entry))?;
        let begin = out.stream_position()?;
        let mut crc = Crc::new();
        let mut encoder = DeflateEncoder::new(&mut out, Compression::default());
        let mut file = File::open(&one.path)?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = file.read(&mut buffer)?;
            let block = buffer.get(..read).unwrap_or_default();
            if block.is_empty() {
                break;
            }
            crc.update(block);
            entry.size = small(u64::from(entry.size) + read as u64)?;
            encoder.write_all(block)?;
        }
        encoder.finish()?;
        entry.packed = small(out.stream_position()? - begin)?;
        entry.crc = crc.sum();
        out.write_all(&[0x50, 0x4b, 7, 8])?;
        for number in [entry.crc, entry.packed, entry.size] {
            out.write_all(&number.to_le_bytes())?;
        }
        listed.push(entry);
    }
    directory(&listed, out, &small)
}

fn directory<W: Write + Seek>(
    listed: &[Listed],
    mut out: W,
    small: &dyn Fn(u64) -> io::Result<u32>,
) -> io::Result<W> {
    let begin = small(out.stream_position()?)?;
    for entry in listed {
        out.write_all(&[0x50, 0x4b, 1, 2, 20, 0])?;
        out.write_all(&shared(entry)?)?;
        // no comment, first disk, attributes of nobody
        out.write_all(&[0; 10])?;
        out.write_all(&entry.offset.to_le_bytes())?;
        out.write_all(&entry.name)?;
        out.write_all(&stamp(entry))?;
    }
    let length = small(out.stream_position()?)? - begin;
    let too_many = |_| {
        io::Error::new(
            io::ErrorKind::FileTooLarge,
            "a zip archive cannot hold so many files",
        )
    };
    let count = u16::try_from(listed.len()).map_err(too_many)?;
    out.write_all(&[0x50, 0x4b, 5, 6, 0, 0, 0, 0])?;
    out.write_all(&count.to_le_bytes())?;
    out.write_all(&count.to_le_bytes())?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&begin.to_le_bytes())?;
    out.write_all(&[0, 0])?;
    out.flush()?;
    Ok(out)
}

/// What both headers have in common: version, flags (sizes follow, names are UTF-8), method, time,
/// sizes, lengths of name and stamp.
fn shared(entry: &Listed) -> io::Result<Vec<u8>> {
    let length = u16::try_from(entry.name.len()).map_err(io::Error::other)?;
    let mut header = vec![20, 0, 0x08, 0x08, 8, 0];
    header.extend_from_slice(&entry.time.to_le_bytes());
    for number in [entry.crc, entry.packed, entry.size] {
        header.extend_from_slice(&number.to_le_bytes());
    }
    header.extend_from_slice(&length.to_le_bytes());
    header.extend_from_slice(&9_u16.to_le_bytes());
    Ok(header)
}

/// The time of the last change in seconds since 1970 (extra field `UT`).
fn stamp(entry: &Listed) -> Vec<u8> {
    let mut extra = vec![0x55, 0x54, 5, 0, 1];
    extra.extend_from_slice(&entry.modified.to_le_bytes());
    extra
}

/// A time as DOS wrote it, in UTC.
fn dos(seconds: i64) -> u32 {
    let Some(time) = chrono::DateTime::from_timestamp(seconds, 0) else {
        return 0x0021_0000;
    };
    use chrono::{Datelike, Timelike};
    let year = u32::try_from(time.year().clamp(1980, 2107) - 1980).unwrap_or(0);
    let date = year << 9 | time.month() << 5 | time.day();
    let clock = time.hour() << 11 | time.minute() << 5 | (time.second() / 2);
    date << 16 | clock
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_kind() {
        for (name, kind) in [
            ("a.ZIP", Some(Pack::Zip)),
            ("a.tar.gz", Some(Pack::TarGz)),
            ("a.tgz", Some(Pack::TarGz)),
            ("a.tar", Some(Pack::Tar)),
            ("a.gz", None),
            ("tar", None),
        ] {
            assert_eq!(Pack::of(name), kind, "{name}");
        }
    }

    #[test]
    fn what_is_packed_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        std::fs::write(&path, "one\ntwo\n".repeat(1000)).expect("written");
        let one = |name: &str| Packed {
            name: name.to_owned(),
            path: path.clone(),
            modified: Some(1_490_955_419),
        };
        for (kind, name) in [
            (Pack::Zip, "a.zip"),
            (Pack::Tar, "a.tar"),
            (Pack::TarGz, "a.tar.gz"),
        ] {
            let archive = folder.path().join(name);
            let file = File::create(&archive).expect("made");
            pack(kind, &[one("n1/log"), one("n2/log")], file).expect("packed");
            let paths = [archive.display().to_string()];
            let selection = crate::source::select(&paths).expect("there");
            let mut seen = Seen::default();
            let stop = std::sync::atomic::AtomicBool::new(false);
            crate::source::walk(
                &selection,
                &crate::source::Limits::default(),
                &|_| (),
                &stop,
                &mut seen,
            );
            let names = ["n1/log", "n2/log"]
                .map(|name| (format!("{}!/{name}", paths[0]), 8000, Some(1_490_955_419)));
            assert_eq!(seen.0, names, "{name}");
        }
    }

    #[derive(Default)]
    struct Seen(Vec<(String, usize, Option<i64>)>);

    impl crate::source::Visitor for Seen {
        fn input(&mut self, input: crate::source::Input<'_>) -> std::ops::ControlFlow<()> {
            let mut bytes = Vec::new();
            input.reader.read_to_end(&mut bytes).expect("read");
            self.0
                .push((input.origin.to_string(), bytes.len(), input.modified));
            std::ops::ControlFlow::Continue(())
        }

        fn gap(&mut self, gap: crate::source::Gap) {
            panic!("{gap:?}");
        }
    }
}
