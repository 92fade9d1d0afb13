//! The same bytes give the same report, however they are cut, spread over threads and ordered,
//! and whether the index chooses the records or every condition is tried on every record.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::Index;

use super::bench::{self, Dice, Outcome, all_samples, files_below, is_plain, run, text};
use clusterdx::pipeline::{Engine, Options};

fn engine(chunk_bytes: usize, block_bytes: usize) -> Engine {
    Engine {
        chunk_bytes,
        block_bytes,
        ..Engine::default()
    }
}

fn naive() -> Engine {
    Engine {
        indexed: false,
        ..Engine::default()
    }
}

#[test]
fn a_sample_gives_one_report_for_any_threads_and_cuts() {
    let mut dice = Dice(1);
    for sample in all_samples() {
        let input = [sample.input()];
        let wanted = run(&input, &sample.options(), &Engine::default()).json();
        for threads in [1, 2, 4] {
            let options = Options {
                threads,
                ..sample.options()
            };
            let (chunk, block) = (1 + dice.below(8192), 1 + dice.below(8192));
            for engine in [Engine::default(), engine(chunk, block)] {
                let what = format!("{} with {threads} threads, {engine:?}", sample.name);
                assert_same(&what, &run(&input, &options, &engine).json(), &wanted);
            }
        }
        let tiny = run(&input, &sample.options(), &engine(1, 1)).json();
        assert_same(&format!("{} cut everywhere", sample.name), &tiny, &wanted);
    }
}

#[test]
fn the_order_of_arguments_does_not_matter() {
    let mut dice = Dice(2);
    for sample in all_samples() {
        let wanted = run(&[sample.input()], &sample.options(), &Engine::default()).json();
        let mut paths: Vec<String> = files_below(&sample.folder.join("input"))
            .iter()
            .map(|path| text(path))
            .collect();
        for _ in 0..if paths.len() > 1 { 3 } else { 1 } {
            dice.shuffle(&mut paths);
            let report = run(&paths, &sample.options(), &Engine::default()).json();
            assert_same(
                &format!("{} given as {paths:?}", sample.name),
                &report,
                &wanted,
            );
        }
    }
}

#[test]
fn the_index_changes_nothing_on_samples() {
    for sample in all_samples() {
        let (input, options) = ([sample.input()], sample.options());
        let (with, without) = (
            run(&input, &options, &Engine::default()),
            run(&input, &options, &naive()),
        );
        assert_eq!(
            with.collected.runs, without.collected.runs,
            "{}",
            sample.name
        );
        assert_same(&sample.name, &judged(&with), &judged(&without));
    }
}

/// The report without the number of records that were looked at and not understood: the index
/// saves looking at most of them.
fn judged(outcome: &Outcome) -> String {
    let mut report = outcome.report.clone();
    report.coverage.iter_mut().for_each(|file| file.skipped = 0);
    serde_json::to_string_pretty(&report).expect("plain data")
}

/// Says in which lines two reports differ.
fn assert_same(what: &str, is: &str, wanted: &str) {
    if is == wanted {
        return;
    }
    let mut text = String::new();
    let pairs = is.lines().zip(wanted.lines()).filter(|(a, b)| a != b);
    for (a, b) in pairs.take(5) {
        let _ = write!(text, "\n  is     {}\n  wanted {}", a.trim(), b.trim());
    }
    panic!("{what}:{text}");
}

/// What happens to a line on its way into a made-up log.
#[derive(Clone, Debug)]
enum Change {
    Nothing,
    Twice,
    Upper(Index, Index),
    Lower(Index, Index),
    Cut(Index),
    Insert(Index, u8),
    Drop(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    prop_oneof![
        8 => Just(Change::Nothing),
        2 => Just(Change::Twice),
        1 => (place(), place()).prop_map(|(a, b)| Change::Upper(a, b)),
        1 => (place(), place()).prop_map(|(a, b)| Change::Lower(a, b)),
        1 => place().prop_map(Change::Cut),
        2 => (place(), prop_oneof![any::<u8>(), Just(b'"'), Just(b'\n'), Just(b'|'), Just(b' ')]).prop_map(|(a, byte)| Change::Insert(a, byte)),
        1 => place().prop_map(Change::Drop),
    ]
}

impl Change {
    fn apply(&self, line: &[u8], out: &mut Vec<u8>) {
        let mut line = line.to_vec();
        let at = |place: &Index| place.index(line.len() + 1);
        let range = |a: &Index, b: &Index| at(a).min(at(b))..at(a).max(at(b));
        match self {
            Self::Nothing => {}
            Self::Twice => {
                out.extend_from_slice(&line);
                out.push(b'\n');
            }
            Self::Upper(a, b) => {
                let range = range(a, b);
                line[range].make_ascii_uppercase();
            }
            Self::Lower(a, b) => {
                let range = range(a, b);
                line[range].make_ascii_lowercase();
            }
            Self::Cut(a) => {
                let at = at(a);
                line.truncate(at);
            }
            // a zero byte would make it a binary file, which nothing reads
            Self::Insert(a, byte) => {
                let at = at(a);
                line.insert(at, (*byte).max(1));
            }
            Self::Drop(a) if !line.is_empty() => {
                line.remove(a.index(line.len()));
            }
            Self::Drop(_) => {}
        }
        out.extend_from_slice(&line);
        out.push(b'\n');
    }
}

/// The lines of the samples of a product.
fn pool(product: &str) -> Vec<Vec<u8>> {
    let mine = all_samples().iter().filter(|s| s.name.starts_with(product));
    let files = mine.flat_map(|sample| files_below(&sample.folder.join("input")));
    let mut lines = Vec::new();
    for file in files.filter(|file| is_plain(file)) {
        let bytes = std::fs::read(file).expect("a sample's file");
        lines.extend(bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    }
    lines
}

/// Text that a failing case can show.
#[derive(Clone)]
struct Log(Vec<u8>);

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "\n{}",
            self.0.escape_ascii().to_string().replace("\\n", "\n")
        )
    }
}

/// Lines of a made-up log: stretches of real neighbours with something changed here and there.
fn log(lines: &'static [Vec<u8>], most: usize) -> impl Strategy<Value = Log> {
    let stretch = (any::<Index>(), prop::collection::vec(change(), 1..12));
    prop::collection::vec(stretch, 1..most).prop_map(|stretches| {
        let mut out = Vec::new();
        for (start, changes) in stretches {
            let start = start.index(lines.len());
            for (line, change) in lines[start..].iter().zip(&changes) {
                change.apply(line, &mut out);
            }
        }
        Log(out)
    })
}

fn leaked(product: &str) -> &'static [Vec<u8>] {
    Box::leak(pool(product).into_boxed_slice())
}

proptest! {
    #![proptest_config(super::config(150))]

    #[test]
    fn made_up_logs_give_one_report(
        cms in log(leaked("cms"), 8),
        expressway in log(leaked("expressway"), 12),
        mixed in log(leaked(""), 8),
        chunk in 1usize..8192,
        block in 1usize..8192,
        threads in 1usize..4,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in [("a/syslog", cms), ("b/log.txt", expressway), ("c/notes.txt", mixed)] {
            bench::write(&folder.path().join(name), &bytes.0);
        }
        let options = Options { year: Some(2017), threads, ..Options::default() };
        let input = [text(folder.path())];
        let plain = run(&input, &options, &Engine::default());
        let cut = run(&input, &options, &engine(chunk, block));
        assert_same("cut otherwise", &cut.json(), &plain.json());
        let naive = run(&input, &options, &naive());
        prop_assert_eq!(&plain.collected.runs, &naive.collected.runs);
        assert_same("without the index", &judged(&naive), &judged(&plain));
    }
}
