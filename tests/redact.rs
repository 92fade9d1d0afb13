//! Redaction of every sample: the same findings, and nothing left of names, addresses and secrets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail loudly"
)]

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use clusterdx::catalog::Catalog;
use clusterdx::cli::redact::{Outcome, Task, Tools, perform};
use clusterdx::samples::{Sample, discover};

fn redact(sample: &Sample, tools: &Tools<'_>, output: &Path, map: &Path) -> Outcome {
    let paths = [sample.input()];
    let options = sample.options();
    let stop = AtomicBool::new(false);
    let task = Task {
        paths: &paths,
        output,
        map,
        tools,
        options: &options,
        stop: &stop,
    };
    match perform(&task) {
        Ok(outcome) => outcome,
        Err(failure) => Outcome::Refused(vec![format!("{failure:?}")]),
    }
}

#[test]
fn every_sample_keeps_its_findings_and_no_names() {
    let catalog = Catalog::load(None).expect("rules");
    let tools = Tools::new(&catalog).expect("tools");
    let samples = discover(Path::new("samples")).expect("samples");
    let folder = tempfile::tempdir().expect("a folder");
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(sample) = samples.get(next.fetch_add(1, Ordering::Relaxed)) {
            let name = sample.name.replace('/', "-");
            let output = folder.path().join(&name);
            let map = folder.path().join(format!("{name}.json"));
            if let Outcome::Refused(reasons) = redact(sample, &tools, &output, &map) {
                let text = format!("{}:\n    {}", sample.name, reasons.join("\n    "));
                wrong.lock().expect("no panic").push(text);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut wrong = wrong.into_inner().expect("no panic");
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), samples.len(), wrong.join("\n"));
}
