//! What the environment and the terminal say about the output.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use terminal_size::{Width, terminal_size_of};

use crate::catalog::text::Lang;
use crate::catalog::{Catalog, Fault, Remedy};
use crate::locale::Locale;
use crate::report::{Known, RemedyNote, sanitize};

/// Width where neither a terminal nor `COLUMNS` tells one.
const WIDTH: usize = 100;

/// A variable of the environment, unless it is empty or no text.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the door to the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where the password is that ssh asks for: set for the program when it is ssh's helper.
#[cfg(unix)]
pub(super) fn askpass() -> Option<PathBuf> {
    variable(crate::agent::askpass::SOCKET).map(PathBuf::from)
}

/// The language asked for, else that of the locale.
pub(super) fn language(asked: Option<Lang>) -> Lang {
    asked.unwrap_or_else(|| locale_language(variable))
}

fn locale_language(variable: impl Fn(&str) -> Option<String>) -> Lang {
    // the first one that is set decides, even when it names a language that we do not have
    let Some(name) = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| variable(name))
    else {
        return Lang::En;
    };
    let plain = name.split(['.', '@']).next().unwrap_or("");
    let short = plain.split(['_', '-']).next().unwrap_or("");
    Lang::parse(plain)
        .or_else(|| Lang::parse(short))
        .unwrap_or(Lang::En)
}

/// The code of a language, as the maps of words use it.
pub(super) fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "en",
        Lang::Ko => "ko",
        Lang::PtBr => "pt-BR",
    }
}

/// Colour on standard output: on a terminal that can show it, unless `NO_COLOR` is set.
pub(super) fn colour() -> bool {
    io::stdout().is_terminal()
        && variable("NO_COLOR").is_none()
        && variable("TERM").is_none_or(|term| term != "dumb")
}

/// Columns of standard output.
pub(super) fn width() -> usize {
    told_width().unwrap_or(WIDTH)
}

/// Columns of standard output, where a terminal or `COLUMNS` tells them.
pub(super) fn told_width() -> Option<usize> {
    let terminal = terminal_size_of(io::stdout())
        .map(|(Width(columns), _)| usize::from(columns))
        .filter(|columns| *columns > 0);
    let columns = || {
        variable("COLUMNS")
            .and_then(|text| text.trim().parse().ok())
            .filter(|columns| *columns > 0)
    };
    terminal.or_else(columns)
}

/// Where `PATH` leads for a program of this name.
pub(super) fn search(name: &str) -> Vec<PathBuf> {
    let folders = variable("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .collect()
}

/// The user's folder.
pub(super) fn home() -> Option<PathBuf> {
    variable("HOME").map(PathBuf::from)
}

/// The folder for journals and locks.
pub(super) fn state_folder() -> Option<PathBuf> {
    let state = variable("XDG_STATE_HOME").map(PathBuf::from);
    // a relative path is to be ignored, says the base directory specification
    let state = state.filter(|path| path.is_absolute());
    let folder = state.or_else(|| home().map(|home| home.join(".local/state")));
    folder.map(|folder| folder.join("clusterdx"))
}

/// The file in which libpq looks for passwords.
pub(super) fn password_file() -> Option<PathBuf> {
    variable("PGPASSFILE")
        .map(PathBuf::from)
        .or_else(|| home().map(|home| home.join(".pgpass")))
}

/// The program's words in a language.
pub(super) fn locale(catalog: &Catalog, lang: Lang) -> Locale {
    Locale::new(&catalog.words, code(lang))
}

/// What a report says about the ids of the catalog. Rules may come from anywhere, so their texts
/// are made safe like those of the input.
pub(super) fn known(catalog: &Catalog, lang: Lang) -> Known {
    let safe = |text: &str| sanitize::line(text.trim_end()).into_owned();
    let fault = |fault: &Fault| (safe(&fault.id), safe(&fault.title.general(lang)));
    let remedy = |remedy: &Remedy| {
        let title = safe(remedy.title.get(lang));
        (
            safe(&remedy.id),
            RemedyNote {
                title,
                risk: remedy.risk.to_string(),
            },
        )
    };
    Known {
        faults: catalog.faults.iter().map(fault).collect(),
        remedies: catalog.remedies.iter().map(remedy).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_names_the_language() {
        let of = |set: &[(&str, &str)]| {
            locale_language(|name| {
                set.iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), Lang::En);
        assert_eq!(of(&[("LANG", "ko_KR.UTF-8")]), Lang::Ko);
        assert_eq!(of(&[("LANG", "pt_BR")]), Lang::PtBr);
        assert_eq!(of(&[("LANG", "pt_PT.UTF-8@euro")]), Lang::PtBr);
        assert_eq!(
            of(&[("LANG", "ko_KR.UTF-8"), ("LC_ALL", "C.UTF-8")]),
            Lang::En
        );
        assert_eq!(
            of(&[("LANG", "ko_KR.UTF-8"), ("LC_MESSAGES", "pt_BR.UTF-8")]),
            Lang::PtBr
        );
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]), Lang::En);
    }
}
