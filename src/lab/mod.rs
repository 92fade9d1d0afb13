//! Simulated clusters that speak the appliances' command lines over real SSH.
//!
//! ```text
//! scenario ─► world (pure: nodes, commands, logs) ─► hub (time) ─► terminal ─► server (SSH)
//! ```
//!
//! A lab listens on loopback only. Its nodes share one model of their cluster, which really changes
//! when commands run, and which writes logs and status texts as the product does.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

mod clock;
mod hub;
mod manner;
mod scenarios;
mod server;
mod terminal;
mod world;

pub use manner::Manner;
pub use scenarios::{Expected, SCENARIOS, Scenario, scenario};
pub use world::Truth;

use clock::{Clock, Millis};
use hub::Hub;
use server::{Server, USER};

/// How a lab is to be.
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// How many times faster than the wall clock its time runs.
    pub time_scale: f64,
    /// The password of its nodes; a random one unless given.
    pub password: Option<String>,
    /// Nodes that misbehave, by name.
    pub manners: Vec<(String, Manner)>,
}

impl Default for LabOptions {
    fn default() -> Self {
        Self {
            time_scale: 1.0,
            password: None,
            manners: Vec::new(),
        }
    }
}

/// A node that can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabNode {
    /// Its name.
    pub name: String,
    /// Its address in the cluster.
    pub address: String,
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// Its line in the list of known hosts, without a line feed.
    pub known_host: String,
}

/// A command that a node was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Name of the node.
    pub node: String,
    /// The line.
    pub line: String,
    /// When, in milliseconds since 1970 of the lab's time.
    pub at: Millis,
}

/// A running cluster; it ends when it is dropped.
pub struct Lab {
    scenario: &'static Scenario,
    nodes: Vec<LabNode>,
    password: Arc<str>,
    hub: Arc<Hub>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lab {
    /// Starts a scenario: when this returns, its nodes listen.
    ///
    /// # Errors
    /// When keys cannot be made or ports cannot be opened.
    pub fn start(scenario: &'static Scenario, options: &LabOptions) -> io::Result<Self> {
        let clock = Clock::start(options.time_scale);
        let world = scenario.world(clock.now());
        let manners = |name: &str| -> Vec<Manner> {
            let of = options.manners.iter().filter(|(node, _)| node == name);
            of.map(|(_, manner)| manner.clone()).collect()
        };
        let manners = world.places().iter().map(|p| manners(&p.name)).collect();
        let hub = Arc::new(Hub::new(world, clock, manners));
        let password: Arc<str> = match &options.password {
            Some(given) => given.as_str().into(),
            None => server::secret()?.into(),
        };
        let mut lab = Self {
            scenario,
            nodes: Vec::new(),
            password,
            hub,
            stop: None,
            thread: None,
        };
        let mut servers = Vec::new();
        for node in 0..lab.hub.places().len() {
            servers.push(lab.open(node)?);
        }
        lab.run(servers)?;
        Ok(lab)
    }

    /// Opens the port of a node.
    fn open(&mut self, node: usize) -> io::Result<(Server, StdListener)> {
        let listener = StdListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address: SocketAddr = listener.local_addr()?;
        let (keys, known) = server::keys(self.hub.manners(node))?;
        if let Some(place) = self.hub.places().get(node) {
            self.nodes.push(LabNode {
                name: place.name.clone(),
                address: place.address.clone(),
                port: address.port(),
                known_host: format!("[127.0.0.1]:{} {}", address.port(), known.public()?),
            });
        }
        let server = Server {
            hub: Arc::clone(&self.hub),
            node,
            password: Arc::clone(&self.password),
            keys,
            address,
        };
        Ok((server, listener))
    }

    /// Serves on a thread of its own until the lab is dropped.
    fn run(&mut self, servers: Vec<(Server, StdListener)>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let hub = Arc::clone(&self.hub);
        let ready = {
            let _entered = runtime.enter();
            let listen = |(server, listener): (Server, StdListener)| {
                Ok((server, TcpListener::from_std(listener)?))
            };
            servers
                .into_iter()
                .map(listen)
                .collect::<io::Result<Vec<_>>>()?
        };
        let thread = std::thread::Builder::new().name("lab".to_owned());
        let thread = thread.spawn(move || {
            runtime.block_on(async {
                for (server, listener) in ready {
                    tokio::spawn(server.serve(listener));
                }
                tokio::select! {
                    _ = stopped => {}
                    () = hub.keep_time() => {}
                }
            });
        })?;
        self.stop = Some(stop);
        self.thread = Some(thread);
        Ok(())
    }

    /// The scenario that runs.
    pub fn scenario(&self) -> &'static Scenario {
        self.scenario
    }

    /// The nodes.
    pub fn nodes(&self) -> &[LabNode] {
        &self.nodes
    }

    /// The user that may log in to every node.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// His password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The list of known hosts.
    pub fn known_hosts(&self) -> String {
        let lines = self.nodes.iter().map(|n| format!("{}\n", n.known_host));
        lines.collect()
    }

    /// The inventory, with the list of known hosts beside it under its name.
    pub fn inventory_yaml(&self) -> String {
        let mut ports: Vec<u16> = self.nodes.iter().map(|n| n.port).collect();
        if self.scenario.swapped {
            ports.rotate_left(1);
        }
        let mut yaml = format!(
            "clusters:\n  - name: {}\n    product: {}\n    known_hosts: {KNOWN_HOSTS}\n    nodes:\n",
            self.scenario.name,
            self.scenario.product.as_str(),
        );
        for (node, port) in self.nodes.iter().zip(ports) {
            yaml.push_str(&format!(
                "      - {{name: {}, address: {}, agent: \"ssh://{USER}@127.0.0.1:{port}\", \
                 dialect: {}}}\n",
                node.name,
                node.address,
                self.hub.shell().dialect,
            ));
        }
        yaml
    }

    /// Writes inventory and list of known hosts into a folder.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_inventory(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(KNOWN_HOSTS), self.known_hosts())?;
        fs::write(folder.join(INVENTORY), self.inventory_yaml())
    }

    /// Writes what an engineer would collect now: one folder per node.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn collect(&self, folder: &Path) -> io::Result<()> {
        for (path, text) in self.hub.collect() {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, text)?;
        }
        Ok(())
    }

    /// What is true of the cluster now, whatever its nodes say.
    pub fn truth(&self) -> Truth {
        self.hub.truth()
    }

    /// True when nothing is under way: no service starts, no node restarts, nothing is copied.
    pub fn at_rest(&self) -> bool {
        self.hub.at_rest()
    }

    /// Waits until nothing is under way, at most for a while; false when it is over before.
    pub fn settle(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while !self.at_rest() {
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        true
    }

    /// Commands that the nodes were sent, in their order.
    pub fn sent(&self) -> Vec<Sent> {
        self.hub.sent()
    }
}

/// How often it is asked whether something is still under way.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Name of the list of known hosts, beside the inventory.
pub const KNOWN_HOSTS: &str = "known_hosts";
/// Name of the inventory.
pub const INVENTORY: &str = "inventory.yaml";

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // the thread may have ended on its own
            _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}
