//! The literal index against trying everything: a rule file, `%%`, and a text in which the rule
//! has to match the same records with and without the index.
#![no_main]

use clusterdx::catalog::compile::{RuleFile, compile};
use clusterdx::pipeline::{Diagnoser, Engine};
use clusterdx_fuzz::engine::{builtin, collect, select, write};
use clusterdx_fuzz::{parts, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (rule, text) = parts(data);
    let Ok(rule) = std::str::from_utf8(rule) else {
        return;
    };
    let file = RuleFile {
        kind: "faults".to_owned(),
        path: "rules/faults/one.yaml".to_owned(),
        text: rule.to_owned(),
    };
    // on top of the built-in ones, so that it may name them; then the new one alone
    let Ok(mut catalog) = compile(builtin().clone(), &[file]) else {
        return;
    };
    catalog
        .faults
        .retain(|fault| builtin().fault(&fault.id) != Some(fault));
    catalog.facts.clear();
    let path = write("log.txt", text);
    let selection = select(&[&path]);
    within(64 << 20, || {
        let diagnoser = Diagnoser::new(&catalog).expect("the rules fit an index");
        let with = collect(&diagnoser, &selection, &Engine::default());
        let naive = Engine {
            indexed: false,
            ..Engine::default()
        };
        let without = collect(&diagnoser, &selection, &naive);
        assert_eq!(with.runs, without.runs, "the index changes what matches");
    });
});
