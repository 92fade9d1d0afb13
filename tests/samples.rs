//! Every sample gives the diagnosis it expects. Samples are discovered, not listed.

use std::path::Path;

use clusterdx::catalog::Catalog;
use clusterdx::pipeline::Diagnoser;
use clusterdx::samples;

#[test]
fn every_sample_gives_the_diagnosis_it_expects() {
    let catalog = Catalog::builtin().expect("built-in rules");
    let diagnoser = Diagnoser::new(&catalog).expect("the rules fit an index");
    let samples = samples::discover(Path::new("samples")).expect("samples");
    let mut failed = Vec::new();
    for sample in &samples {
        failed.extend(
            samples::check(sample, &diagnoser)
                .into_iter()
                .map(|wrong| format!("{}: {wrong}", sample.name)),
        );
    }
    assert!(
        failed.is_empty(),
        "{} of {} samples:\n{}",
        failed.len(),
        samples.len(),
        failed.join("\n")
    );
}
