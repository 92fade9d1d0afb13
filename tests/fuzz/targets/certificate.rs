//! The bytes inside PEM: an input is one or two certificates in DER, which libFuzzer could not
//! change through base64.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clusterdx::model::format;
use clusterdx::parse::margin::Margin;
use clusterdx::parse::{Choice, LOG_PARSERS};
use clusterdx_fuzz::events::{chunks, events};
use clusterdx_fuzz::{Dice, parts, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (one, two) = parts(data);
    let mut text = pem(one);
    if !two.is_empty() {
        text += &pem(two);
    }
    let parser = LOG_PARSERS
        .iter()
        .find(|parser| parser.id() == "certificate");
    let choice = Choice {
        parsers: vec![*parser.expect("the parser of certificates")],
        repair: false,
    };
    let mut dice = Dice::of(data);
    within((1 << 20) + text.len() * 100, || {
        let whole = chunks([text.as_bytes()], &choice, Margin::default(), 1 << 20);
        let cut = chunks(
            dice.blocks(text.as_bytes()),
            &choice,
            Margin::default(),
            dice.size(),
        );
        let found = events(&whole, &choice.parsers);
        assert_eq!(events(&cut, &choice.parsers), found, "cuts change events");
        for event in found.iter().flatten() {
            let (_, def) = format::find(event.format).expect("a declared format");
            for field in &event.fields {
                assert!(
                    def.fields.iter().any(|known| known.name == field.name),
                    "{}",
                    field.name
                );
            }
            let digest = event.first("digest").unwrap_or_default();
            assert!(digest.bytes().all(|b| b.is_ascii_hexdigit()), "{digest}");
        }
    });
});

fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in body.as_bytes().chunks(64) {
        text += std::str::from_utf8(line).expect("base64");
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}
