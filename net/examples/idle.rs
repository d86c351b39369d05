//! What an idle TLS session costs: opens many, waits, prints the memory of the serving process.
//!
//! `cargo run --release -p pli-net --example idle -- 1000`. The clients are another process (this
//! program started again), so that only the server's side is counted.

use arc_swap::ArcSwap;
use bytes::Bytes;
use certs::{Authority, ClientAuth, Identity, ServerIdentity, Service};
use names::{Clock, Timestamp};
use net::{Caps, DRAIN, Door, Gate, Listener, Stop, Tls, World};
use std::io::{BufRead, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::{Actions, Input, Machine};

const NOW: Timestamp = Timestamp(1_795_318_467_000);
const GREETING: &[u8] = b"* OK ready\r\n";
const CONTINUE: &[u8] = b"+ idling\r\n";

/// Greets, takes one command and idles, as a mailbox session in IDLE.
struct Idler {
    idling: bool,
}

impl Machine for Idler {
    type Ask = ();
    type Answer = ();

    fn step(&mut self, input: Input<'_, ()>, _: Timestamp, out: &mut Actions<()>) {
        match input {
            Input::Open(_) => out.send(GREETING),
            Input::Bytes(_) => {
                self.idling = true;
                out.send(CONTINUE);
            }
            Input::Silence | Input::Stopping => out.push(wire::Action::Close),
            Input::Answer(())
            | Input::End
            | Input::Secured(_)
            | Input::Event(())
            | Input::Gone
            | Input::Failed(_) => {}
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(1_800)
    }

    fn listening(&self) -> bool {
        self.idling
    }
}

struct Nothing;

impl World<Idler> for Nothing {
    async fn answer(&mut self, (): ()) {}
    async fn push(&mut self, _: Bytes) {}
}

fn clock() -> Clock {
    Clock::new(|| NOW)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let sessions: usize = arguments.next().as_deref().unwrap_or("1000").parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match (arguments.next(), arguments.next()) {
        (Some(address), Some(root)) => runtime.block_on(clients(sessions, &address, &root)),
        _ => runtime.block_on(server(sessions)),
    }
}

async fn server(sessions: usize) -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let authority = Authority::new("idle", NOW)?;
    let root = dir.path().join("root.pem");
    std::fs::write(&root, authority.certificate_pem())?;
    let issued = authority.server(&["localhost"], NOW)?;
    let identity = Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW)?;
    let identity = ServerIdentity::fixed(vec![identity]);
    let config = certs::server_config(identity, Service::Mailbox, ClientAuth::None, clock())?;
    let gate = Gate::new(Caps { total: sessions, per_address: sessions });
    let listener = Listener::bind("127.0.0.1:0".parse()?)?;
    let address = listener.address();
    let tls = Tls::Implicit(Arc::new(ArcSwap::from_pointee(config)));
    let door = Door { name: "idle", tls, gate, clock: clock(), busy: b"", drain: DRAIN };
    let (stop, signal) = Stop::new();
    let serving = tokio::spawn(net::serve(listener, door, signal, |_| (Idler { idling: false }, Nothing)));

    let before = memory()?;
    let mut clients = Command::new(std::env::current_exe()?)
        .args([sessions.to_string(), address.to_string()])
        .arg(&root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = std::io::BufReader::new(clients.stdout.take().ok_or("no output")?);
    let mut line = String::new();
    tokio::task::block_in_place(|| said.read_line(&mut line))?; // all of them idle now
    let after = memory()?;
    let each = (after - before) as f64 / sessions as f64;
    writeln!(
        std::io::stdout(),
        "{sessions} idle TLS sessions: {before} kB before, {after} kB after, {each:.1} kB each"
    )?;
    drop(clients.stdin.take());
    clients.wait()?;
    stop.stop();
    serving.await?;
    Ok(())
}

async fn clients(sessions: usize, address: &str, root: &str) -> Result<(), Box<dyn std::error::Error>> {
    let roots = certs::load_roots(root.as_ref())?;
    let mut config = certs::client_config(roots, None, clock())?;
    config.resumption = rustls::client::Resumption::disabled(); // whole handshakes leave more behind
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut open = Vec::new();
    for _ in 0..sessions {
        let tcp = tokio::net::TcpStream::connect(address).await?;
        let mut stream = connector.connect("localhost".try_into()?, tcp).await?;
        let mut answer = [0; GREETING.len()];
        stream.read_exact(&mut answer).await?;
        stream.write_all(b"a IDLE\r\n").await?;
        stream.flush().await?;
        let mut answer = [0; CONTINUE.len()];
        stream.read_exact(&mut answer).await?;
        open.push(stream);
    }
    writeln!(std::io::stdout(), "ready")?;
    let mut end = String::new();
    tokio::task::block_in_place(|| std::io::stdin().read_line(&mut end))?;
    Ok(())
}

/// This process's proportional share of memory, in kB.
fn memory() -> Result<u64, Box<dyn std::error::Error>> {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:")).ok_or("no Pss line")?;
    Ok(line.split_whitespace().nth(1).ok_or("no figure")?.parse()?)
}
