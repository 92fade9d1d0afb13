//! Packets to connections. Where the packets come from does not matter: a printed list and a
//! capture give the same segments.

pub mod flow;
pub mod service;
pub mod tcp_state;
