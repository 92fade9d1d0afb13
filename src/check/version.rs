//! Whether IM and Presence supports the server's version.

use crate::catalog::Release;
use crate::catalog::release::{Fit, numbers};

use super::finding::Finding;
use super::url::Engine;

const ID: &str = "version";

/// Compares a version with what one release, or each known one, supports.
pub(super) fn check(version: &str, asked: Option<&Release>, known: &[Release]) -> Finding {
    let engine = Engine::Postgresql.as_str();
    let finding = match (numbers(version), asked) {
        (None, _) => Finding::unknown(ID, "check.version.unreadable"),
        (Some(version), Some(release)) => of_one(release.fit(engine, &version))
            .place("release", &release.release)
            .place("supported", release.supported(engine)),
        (Some(version), None) => of_all(&version, engine, known),
    };
    finding
        .place("version", version)
        .saw(format!("server_version = {version}"))
}

fn of_one(fit: Fit) -> Finding {
    match fit {
        Fit::Supported => Finding::ok(ID, "check.version.ok"),
        Fit::TooOld => Finding::problem(ID, "check.version.too_old"),
        Fit::TooNew => Finding::problem(ID, "check.version.too_new"),
        Fit::Unknown => Finding::unknown(ID, "check.version.no_rule"),
    }
}

/// Without a release: fine with every current one, or it depends.
fn of_all(version: &[u32], engine: &str, known: &[Release]) -> Finding {
    let names = |wanted: bool| {
        let fits = |release: &&Release| (release.fit(engine, version) == Fit::Supported) == wanted;
        let names: Vec<&str> = known
            .iter()
            .filter(fits)
            .map(|r| r.release.as_str())
            .collect();
        names.join(", ")
    };
    let (with, without) = (names(true), names(false));
    let finding = match (with.is_empty(), without.is_empty()) {
        (true, _) => Finding::problem(ID, "check.version.none"),
        (false, true) => Finding::ok(ID, "check.version.all"),
        (false, false) => Finding::unknown(ID, "check.version.some"),
    };
    finding.place("releases", with).place("others", without)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn versions_and_releases() {
        let known = Catalog::builtin().unwrap().releases;
        let release = |name: &str| known.iter().find(|r| r.release == name).unwrap();
        for (version, asked, key) in [
            (
                "15.14 (Debian 15.14-0+deb12u1)",
                Some("15"),
                "check.version.ok",
            ),
            ("14.1", Some("15"), "check.version.ok"),
            ("18.0", Some("15"), "check.version.ok"),
            ("19beta1", Some("15"), "check.version.too_new"),
            ("13.9", Some("15"), "check.version.too_old"),
            ("12.0", Some("14"), "check.version.ok"),
            ("17.6", Some("14"), "check.version.ok"),
            ("18.1", Some("14"), "check.version.too_new"),
            ("11.22", Some("14"), "check.version.too_old"),
            ("9.0.4", Some("11.5"), "check.version.too_old"),
            ("9.1", Some("11.5"), "check.version.ok"),
            ("9.6.24", Some("11.5"), "check.version.ok"),
            ("15.1", None, "check.version.all"),
            ("13.1", None, "check.version.some"),
            ("9.0", None, "check.version.none"),
            ("devel", None, "check.version.unreadable"),
            ("", Some("15"), "check.version.unreadable"),
        ] {
            let found = check(version, asked.map(release), &known);
            assert_eq!(found.key, key, "{version} {asked:?}");
        }
    }
}
