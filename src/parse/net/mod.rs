//! Packets to connections. Where the packets come from does not matter: a printed list and a
//! capture give the same segments.

use super::Probe;

pub mod cert;
pub mod flow;
pub mod packet;
pub mod service;
pub mod stream;
pub mod tcp_state;
pub mod tls;
