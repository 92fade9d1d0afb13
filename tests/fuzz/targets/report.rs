//! The whole program over one or two files (`%%` between them): one report however the bytes are
//! cut and whether the index is used, JSON that fits its own type, text that commands no terminal.
#![no_main]

use clusterdx::catalog::text::Lang;
use clusterdx::locale::Locale;
use clusterdx::model::report::Report;
use clusterdx::pipeline::Engine;
use clusterdx::report::{Attached, Known, Look, REPORTERS};
use clusterdx_fuzz::engine::{builtin, collect, diagnoser, job, options, place, select, write};
use clusterdx_fuzz::{Dice, parts, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (one, two) = parts(data);
    let folder = place("input");
    std::fs::create_dir_all(folder.join("b")).expect("a folder");
    write("input/syslog", one);
    write("input/b/log.txt", two);
    let selection = select(&[&folder]);
    let mut dice = Dice::of(data);
    diagnoser();
    within(96 << 20, || {
        let read = |engine: &Engine| collect(diagnoser(), &selection, engine);
        let collected = read(&Engine::default());
        let report = diagnoser().judge(&collected, &options()).report;
        let (chunk_bytes, block_bytes) = (dice.size(), dice.size());
        let cut = read(&Engine {
            chunk_bytes,
            block_bytes,
            ..Engine::default()
        });
        same(
            &diagnoser().judge(&cut, &options()).report,
            &report,
            "cuts change the report",
        );
        let (chunk_bytes, block_bytes) = (dice.size(), dice.size());
        let naive = Engine {
            chunk_bytes,
            block_bytes,
            indexed: false,
            ..Engine::default()
        };
        assert_eq!(
            read(&naive).runs,
            collected.runs,
            "the index or cuts change what matches"
        );
        rendered(&report, &mut dice);
        let diagnoses: Vec<_> = report.clusters.iter().flat_map(|c| &c.diagnoses).collect();
        if let Some(first) = diagnoses.get(dice.below(8)) {
            let why = job(&selection, |job| diagnoser().why(job, &first.fault));
            let why = why.expect("no stage breaks down");
            same(&why.report, &report, "asking why changes the report");
            assert!(!why.lines.is_empty(), "a fault without a reason");
        }
    });
});

fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report is plain data")
}

fn same(report: &Report, wanted: &Report, what: &str) {
    let (report, wanted) = (json(report), json(wanted));
    let pairs = report.lines().zip(wanted.lines());
    let other: Vec<_> = pairs.filter(|(is, wanted)| is != wanted).take(4).collect();
    assert!(report == wanted, "{what}: {other:#?}");
}

fn rendered(report: &Report, dice: &mut Dice) {
    let lang = [Lang::En, Lang::Ko, Lang::PtBr][dice.below(3)];
    let locale = Locale::new(&builtin().words, lang.code());
    let known = Known::default();
    let look = Look {
        locale: &locale,
        width: [40, 80, 200][dice.below(3)],
        year: None,
        colour: false,
        known: &known,
        attached: Attached::NOTHING,
    };
    for reporter in REPORTERS {
        let mut out = Vec::new();
        reporter
            .write(report, &look, &mut out)
            .expect("memory does not fail");
        let text = String::from_utf8(out).expect("a report is UTF-8");
        if reporter.id() == "json" {
            let back: Report = serde_json::from_str(&text).expect("JSON that fits its type");
            same(&back, report, "JSON changes the report");
        } else {
            let bad = text.chars().find(|c| *c != '\n' && commands(*c));
            assert!(bad.is_none(), "{bad:?} in\n{}", text.escape_debug());
        }
    }
}

/// Control characters, and those that turn the reading direction or cannot be seen.
fn commands(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
