//! A conversation in TLS message by message, for a reader who wants to see all of it.

use super::alert;
use super::handshake::{Message, version_name};
use super::record::{ALERT, HANDSHAKE, Item};
use crate::parse::net::stream::Narration;

/// Tells one item. Encrypted data is what a conversation is about, and nothing to be told.
pub(super) fn narrate(item: Item<'_>, to: &mut Narration) {
    match item {
        Item::Message(kind, body) => to.say(|| message(&Message::read(kind, body))),
        Item::Alert(level, code) => to.say(|| {
            let level = match level {
                1 => "warning",
                _ => "fatal",
            };
            format!("TLS alert {} ({level})", alert::name_of(code))
        }),
        Item::ChangeCipherSpec => to.say(|| "TLS change-cipher-spec".to_owned()),
        Item::Sealed(ALERT, _) => to.say(|| "TLS alert, encrypted".to_owned()),
        Item::Sealed(HANDSHAKE, _) => to.say(|| "TLS handshake, encrypted".to_owned()),
        Item::Sealed(..) => {}
        Item::Lost => to.say(|| "TLS that cannot be followed".to_owned()),
        Item::Foreign => to.say(|| "no TLS".to_owned()),
    }
}

fn message(message: &Message) -> String {
    let name = message.name().unwrap_or("handshake message, unreadable");
    let more = match message {
        Message::ClientHello(hello) => hello.sni.as_ref().map(|sni| format!("for \"{sni}\"")),
        Message::ServerHello(hello) => version_name(hello.version).map(str::to_owned),
        Message::Certificate(None) => Some("without any".to_owned()),
        Message::Certificate(Some(chain)) => {
            let leaf = chain.leaf.as_ref();
            leaf.and_then(|leaf| Some(format!("\"CN={}\"", leaf.subject_cn.as_ref()?)))
        }
        _ => None,
    };
    let more = more.map_or_else(String::new, |more| format!(" {more}"));
    format!("TLS {name}{more}")
}
