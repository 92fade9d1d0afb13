//! The search for many literals at once against a search for each alone: literals, one a line,
//! then `%%`, then the text.
#![no_main]

use clusterdx::detect::scan::Scan;
use clusterdx_fuzz::{parts, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (words, text) = parts(data);
    let Ok(words) = std::str::from_utf8(words) else {
        return;
    };
    let words: Vec<&str> = words.lines().filter(|word| word.len() >= 3).collect();
    let text = text.to_ascii_lowercase();
    let places = within((8 << 20) + data.len() * 100, || {
        let scan = Scan::new(words.iter().copied()).expect("a few literals");
        scan.places(&text)
    });
    let folded: Vec<Vec<u8>> = words
        .iter()
        .map(|word| word.to_ascii_lowercase().into())
        .collect();
    assert!(places.is_sorted(), "places fall");
    for place in &places {
        let here = &text[*place..];
        assert!(
            folded.iter().any(|word| here.starts_with(word)),
            "nothing stands at {place}"
        );
    }
    let mut start = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let holds = folded
            .iter()
            .any(|word| line.windows(word.len()).any(|window| window == &word[..]));
        let found = places
            .iter()
            .any(|place| (start..start + line.len()).contains(place));
        assert_eq!(found, holds, "{:?}", line.escape_ascii().to_string());
        start += line.len();
    }
});
