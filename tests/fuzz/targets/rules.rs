//! Rule files as users write them, alone and on top of the built-in ones: a catalog or a list of
//! problems, and every catalog works.
#![no_main]

use clusterdx::catalog::compile::{RuleFile, compile};
use clusterdx::catalog::{Catalog, Problem};
use clusterdx::detect::index::Index;
use clusterdx::detect::matcher::Matcher;
use clusterdx::detect::table::Table;
use clusterdx_fuzz::engine::builtin;
use clusterdx_fuzz::{parts, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut files = Vec::new();
    let mut rest = data;
    while !rest.is_empty() && files.len() < 8 {
        let (one, others) = parts(rest);
        let Ok(text) = std::str::from_utf8(one) else {
            return;
        };
        files.push(rule_file(text, files.len()));
        rest = others;
    }
    within(48 << 20, || {
        for base in [Catalog::default(), builtin().clone()] {
            match compile(base.clone(), &files) {
                Ok(catalog) => works(&catalog, &base, &files),
                Err(problems) => told(&problems, &files),
            }
        }
    });
});

/// A file whose first line names its kind, as the line for editors does: `…/fault-1.json`.
fn rule_file(text: &str, number: usize) -> RuleFile {
    let first = text.lines().next().unwrap_or_default();
    let kinds = [
        "facts", "remedies", "dialects", "locales", "alarms", "ports",
    ];
    let shapes = [
        "fact-", "remedy-", "dialect-", "locale-", "alarms-", "ports-",
    ];
    let kind = kinds
        .iter()
        .zip(shapes)
        .find(|(_, shape)| first.contains(shape));
    let kind = kind.map_or("faults", |(kind, _)| kind);
    let stem = if kind == "locales" {
        "ko".to_owned()
    } else {
        number.to_string()
    };
    RuleFile {
        kind: kind.to_owned(),
        path: format!("rules/{kind}/{stem}.yaml"),
        text: text.to_owned(),
    }
}

fn works(catalog: &Catalog, base: &Catalog, files: &[RuleFile]) {
    let blob = catalog.to_blob().expect("a catalog is plain data");
    assert_eq!(&Catalog::from_blob(&blob).expect("its own blob"), catalog);
    let again = compile(base.clone(), files).expect("the same files");
    assert_eq!(again.digest(), catalog.digest(), "the digest changes");
    let table = Table::new(catalog);
    Index::new(&table).expect("the rules fit an index");
    Matcher::new(&table);
}

fn told(problems: &[Problem], files: &[RuleFile]) {
    assert!(!problems.is_empty(), "refused without a reason");
    for problem in problems {
        assert!(
            !problem.message.is_empty() && !problem.message.contains('\n'),
            "{problem:?}"
        );
        let file = files.iter().find(|file| file.path == problem.file);
        // YAML ends lines at a carriage return as well
        let lines = file.map_or(0, |file| file.text.matches(['\n', '\r']).count() as u64 + 2);
        assert!(
            problem.line.is_none_or(|line| line <= lines),
            "{problem:?} of {lines} lines"
        );
    }
}
