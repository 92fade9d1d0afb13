//! The SSH server of a node, by russh.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PrivateKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session};
use russh::{Channel, ChannelId, MethodKind, MethodSet, Pty};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::hub::Hub;
use super::manner::Manner;
use super::terminal::Terminal;

/// The user that may log in.
pub(super) const USER: &str = "admin";
/// Delay after a wrong password.
const REJECTED: Duration = Duration::from_millis(50);
/// Sessions that a node serves at a time.
const SESSIONS: usize = 16;
/// Bytes on their way between a connection and its session.
const PIPE: usize = 64 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 16;
/// How long a node leaves its port to others before it asks for it again.
const PATIENCE: Duration = Duration::from_millis(20);

/// A key by which a node is known.
#[derive(Clone)]
pub(super) struct HostKey(PrivateKey);

impl HostKey {
    /// A new key of the usual kind.
    ///
    /// # Errors
    /// When no key can be made.
    pub(super) fn new() -> io::Result<Self> {
        Self::of(Algorithm::Ed25519)
    }

    /// A new key of another kind.
    ///
    /// # Errors
    /// When no key can be made.
    pub(super) fn other_kind() -> io::Result<Self> {
        Self::of(Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256,
        })
    }

    fn of(algorithm: Algorithm) -> io::Result<Self> {
        PrivateKey::random(&mut russh::keys::key::safe_rng(), algorithm)
            .map(Self)
            .map_err(io::Error::other)
    }

    /// `ssh-ed25519 AAAA…`, as lists of known hosts have it.
    ///
    /// # Errors
    /// When the key cannot be written.
    pub(super) fn public(&self) -> io::Result<String> {
        self.0.public_key().to_openssh().map_err(io::Error::other)
    }
}

/// A word that nobody can guess.
///
/// # Errors
/// When there is no chance to be had.
pub(super) fn secret() -> io::Result<String> {
    let key = HostKey::new()?;
    let print = key.0.fingerprint(HashAlg::Sha256).to_string();
    let letters = print.rsplit(':').next().unwrap_or(&print);
    let plain = letters.chars().filter(char::is_ascii_alphanumeric);
    Ok(plain.take(20).collect())
}

/// Keys of a node: what it says it is on its first start and on later ones.
#[derive(Clone)]
pub(super) struct Keys {
    /// Offered on the first start.
    pub(super) first: HostKey,
    /// Offered on every later one.
    pub(super) later: HostKey,
}

/// A node that listens.
pub(super) struct Server {
    pub(super) hub: Arc<Hub>,
    pub(super) node: usize,
    pub(super) password: Arc<str>,
    pub(super) keys: Keys,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Serves for ever: while the node is up it listens, while it is down nobody gets in.
    pub(super) async fn serve(self, listener: TcpListener) {
        let Some(mut boots) = self.hub.boots(self.node) else {
            return;
        };
        let mut listener = Some(listener);
        loop {
            let boot = *boots.borrow_and_update();
            match (boot, listener.take()) {
                (Some(boot), Some(listening)) => self.listen(listening, boot, &mut boots).await,
                (Some(_), None) => listener = reserve(self.address).await.listen(BACKLOG).ok(),
                (None, _) => {
                    // the port stays ours, and connections to it are refused
                    let kept = reserve(self.address).await;
                    if !turned(&mut boots, Option::is_some).await {
                        return;
                    }
                    listener = kept.listen(BACKLOG).ok();
                }
            }
        }
    }

    /// Accepts connections until the node goes down, which ends all of them.
    async fn listen(
        &self,
        listener: TcpListener,
        boot: u32,
        boots: &mut watch::Receiver<Option<u32>>,
    ) {
        let config = Arc::new(self.config(boot));
        let mut sessions = JoinSet::new();
        loop {
            tokio::select! {
                _ = turned(boots, |now| *now != Some(boot)) => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) if sessions.len() < SESSIONS => {
                        sessions.spawn(self.session(stream, Arc::clone(&config)));
                    }
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(PATIENCE).await,
                },
                Some(_) = sessions.join_next() => {}
            }
        }
    }

    fn config(&self, boot: u32) -> Config {
        let key = if boot > 1 {
            &self.keys.later
        } else {
            &self.keys.first
        };
        Config {
            methods: methods(),
            auth_rejection_time: REJECTED,
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![key.0.clone()],
            ..Config::default()
        }
    }

    fn session(
        &self,
        stream: TcpStream,
        config: Arc<Config>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let guest = Guest {
            hub: Arc::clone(&self.hub),
            node: self.node,
            password: Arc::clone(&self.password),
            channel: None,
            terminal: false,
            tasks: JoinSet::new(),
        };
        async move {
            // an own pipe in between: when this task ends, so does the connection
            let (mut near, far) = tokio::io::duplex(PIPE);
            let mut stream = stream;
            _ = stream.set_nodelay(true);
            let carry = tokio::io::copy_bidirectional(&mut stream, &mut near);
            let talk = async {
                let running = russh::server::run_stream(config, far, guest).await?;
                running.await
            };
            // how a session ends concerns its client alone
            _ = tokio::join!(carry, talk);
        }
    }
}

/// Waits until the boots of a node are as wanted; false when nobody tells any more.
async fn turned(
    boots: &mut watch::Receiver<Option<u32>>,
    wanted: impl Fn(&Option<u32>) -> bool,
) -> bool {
    boots.wait_for(wanted).await.is_ok()
}

fn methods() -> MethodSet {
    MethodSet::from(&[MethodKind::Password, MethodKind::KeyboardInteractive][..])
}

/// Takes a port without listening on it.
async fn reserve(address: SocketAddr) -> TcpSocket {
    loop {
        let socket = TcpSocket::new_v4().and_then(|socket| {
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            Ok(socket)
        });
        match socket {
            Ok(socket) => return socket,
            Err(_) => tokio::time::sleep(PATIENCE).await,
        }
    }
}

/// One connection.
struct Guest {
    hub: Arc<Hub>,
    node: usize,
    password: Arc<str>,
    /// Opened, but without a shell yet.
    channel: Option<Channel<Msg>>,
    /// The client asked for a terminal.
    terminal: bool,
    /// Its shells; they end with the connection.
    tasks: JoinSet<()>,
}

impl Guest {
    fn judge(&self, user: &str, password: &[u8]) -> Auth {
        if user == USER && password == self.password.as_bytes() {
            return Auth::Accept;
        }
        Auth::Reject {
            proceed_with_methods: Some(methods()),
            partial_success: false,
        }
    }
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Self::Error> {
        Ok(Some(self.hub.shell().banner.to_owned()))
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        Ok(self.judge(user, password.as_bytes()))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Borrowed(&[(Cow::Borrowed("Password: "), false)]),
            });
        };
        let given = response.next().unwrap_or_default();
        Ok(self.judge(user, &given))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        // one command line per connection, as the appliances have it
        if self.channel.is_none() && self.tasks.is_empty() {
            self.channel = Some(channel);
            reply.accept().await;
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.terminal = true;
        session.channel_success(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some(opened) = self.channel.take_if(|opened| opened.id() == channel) else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel)?;
        let (hub, node, echo) = (Arc::clone(&self.hub), self.node, self.terminal);
        let handle = session.handle();
        self.tasks.spawn(async move {
            let served = Terminal::new(opened.into_stream(), &hub, node, echo)
                .serve()
                .await;
            if served.is_ok() {
                // the client may be gone already
                _ = handle.exit_status_request(channel, 0).await;
                _ = handle.close(channel).await;
            }
        });
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        _value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }
}

/// Keys of a node with these manners, and the one that its list of known hosts has.
///
/// # Errors
/// When no key can be made.
pub(super) fn keys(manners: &[Manner]) -> io::Result<(Keys, HostKey)> {
    let known = HostKey::new()?;
    let first = if manners.contains(&Manner::OtherAlgorithm) {
        HostKey::other_kind()?
    } else if manners.contains(&Manner::ChangedKey) {
        HostKey::new()?
    } else {
        known.clone()
    };
    let later = if manners.contains(&Manner::ChangedKeyAfterRestart) {
        HostKey::new()?
    } else {
        first.clone()
    };
    Ok((Keys { first, later }, known))
}
