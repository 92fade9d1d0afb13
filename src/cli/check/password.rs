//! Where a password comes from: never from an argument, if it can be helped, and never from a
//! variable of the environment. The only user of rpassword.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use crate::check::{Secret, Url};
use crate::report::sanitize;

use super::super::failure::{Failure, Trouble};
use super::super::settings;
use super::warn;

/// Longest password and largest file of passwords that are read.
const LONGEST: u64 = 4096;
const LARGEST: u64 = 1 << 20;

/// The password that is known without asking anybody.
///
/// # Errors
/// When the file descriptor cannot be read.
pub(super) fn known(url: &Url, descriptor: Option<u16>) -> Result<Option<Secret>, Failure> {
    if let Some(number) = descriptor {
        return from_descriptor(number).map(Some);
    }
    if let Some(password) = &url.password {
        warn(
            "the password in the URL can be read by everybody who lists the processes of this machine; \
             leave it out and use ~/.pgpass, --password-fd or the question on the terminal",
        );
        return Ok(Some(password.clone()));
    }
    Ok(from_file(url))
}

/// Asks for the password on the terminal, if there is one.
pub(super) fn asked(url: &Url) -> Option<Secret> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    let user = url.user.as_deref().unwrap_or("");
    let question = format!("Password for {}: ", sanitize::line(user));
    let answer = rpassword::prompt_password(question).ok()?;
    (!answer.is_empty()).then(|| Secret::new(answer))
}

/// A password from a descriptor that is open already; one line.
///
/// # Errors
/// It cannot be read, or holds none.
pub(in crate::cli) fn from_descriptor(number: u16) -> Result<Secret, Failure> {
    let read = || -> io::Result<String> {
        let mut text = String::new();
        File::open(format!("/dev/fd/{number}"))?
            .take(LONGEST)
            .read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read().map_err(|error| {
        Trouble::new(format!(
            "cannot read the password from file descriptor {number}"
        ))
        .because(&error)
        .help(format!(
            "open it for the program, such as: clusterdx … {number}<FILE"
        ))
    })?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Secret::new(line)),
        _ => Err(Trouble::new(format!("file descriptor {number} holds no password")).into()),
    }
}

/// The file of passwords, as libpq reads it; one that others can read is left alone.
fn from_file(url: &Url) -> Option<Secret> {
    let path = settings::password_file()?;
    let known = fs::metadata(&path).ok()?;
    if !known.is_file() {
        return None;
    }
    if is_open(&known) {
        warn(&format!(
            "'{}' is not used: others may read it; chmod 0600 makes it private",
            sanitize::line(&path.display().to_string())
        ));
        return None;
    }
    let text = read(&path)?;
    let wanted = [
        url.host.as_str(),
        &url.port.to_string(),
        url.database.as_deref().unwrap_or(""),
        url.user.as_deref().unwrap_or(""),
    ];
    find(&text, &wanted).map(Secret::new)
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(unix)]
fn is_open(known: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    known.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open(_: &fs::Metadata) -> bool {
    false
}

/// The password of the first line that fits: `host:port:database:user:password`, a star fits
/// everything, a backslash takes the meaning from what follows.
fn find(text: &str, wanted: &[&str; 4]) -> Option<String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| password_of(line.trim_end_matches('\r'), wanted))
        .filter(|password| !password.is_empty())
}

fn password_of(line: &str, wanted: &[&str; 4]) -> Option<String> {
    let mut rest = line;
    for value in wanted {
        let (raw, field, behind) = field(rest)?;
        if raw != "*" && field != *value {
            return None;
        }
        rest = behind;
    }
    Some(unescaped(rest))
}

/// The text up to a colon, as it is and without backslashes, and what follows the colon.
fn field(text: &str) -> Option<(&str, String, &str)> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == ':' && !escaped {
            let (raw, rest) = text.split_at_checked(at)?;
            return Some((raw, unescaped(raw), rest.strip_prefix(':')?));
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        // a backslash at the very end stands for itself
        out.push(if c == '\\' {
            chars.next().unwrap_or(c)
        } else {
            c
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Option<String> {
        find(text, &["db1", "5432", "imp", "tc"])
    }

    #[test]
    fn the_first_line_that_fits_gives_the_password() {
        for (text, password) in [
            ("db1:5432:imp:tc:one\n", Some("one")),
            ("db2:5432:imp:tc:no\n*:*:*:tc:two\n*:*:*:*:no", Some("two")),
            (
                "# db1:5432:imp:tc:no\n*:*:*:*:a\\:b\\\\c:d",
                Some("a:b\\c:d"),
            ),
            (
                "\\*:5432:imp:tc:no\r\ndb1:5432:imp:tc:three\r\n",
                Some("three"),
            ),
            ("d\\b1:5432:imp:t\\c:four", Some("four")),
            ("db1:5432:imp:tc:tail\\", Some("tail\\")),
            ("db1:5432:imp:tc:", None),
            ("db1:5432:imp:tc", None),
            ("db1:5433:imp:tc:no", None),
            ("", None),
        ] {
            assert_eq!(found(text).as_deref(), password, "{text:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_left_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        fs::write(&path, "*:*:*:*:x").unwrap();
        for (mode, open) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_open(&fs::metadata(&path).unwrap()), open, "{mode:o}");
        }
    }

    proptest! {
        #[test]
        fn what_was_escaped_comes_back(values in proptest::array::uniform5("[^\n\r\0]{1,12}")) {
            let escaped = values.clone().map(|value| value.replace('\\', "\\\\").replace(':', "\\:"));
            // a star of one's own and the start of a comment are written with a backslash
            let line = escaped.map(|value| match value.as_str() {
                "*" => "\\*".to_owned(),
                _ if value.starts_with('#') => format!("\\{value}"),
                _ => value,
            }).join(":");
            let [host, port, database, user, password] = &values;
            prop_assert_eq!(find(&line, &[host, port, database, user]), Some(password.clone()));
        }

        #[test]
        fn any_file_is_read(text in any::<String>()) {
            _ = found(&text);
        }
    }
}
