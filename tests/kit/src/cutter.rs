//! A bad line: a TCP proxy that cuts, swallows, holds and drips. RELIABILITY R-17 to R-19.
//!
//! Under TLS it sees octets, not words: a place in an encrypted conversation is a count of octets.

use crate::limits::{ANSWER, LOOK};
use crate::loopback::at;
use socket2::SockRef;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// A place in one direction of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Point {
    /// After so many octets.
    Octets(u64),
    /// After these words, in the clear.
    Words(Vec<u8>),
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Both connections are closed.
    Close,
    /// Both connections are reset.
    Break,
    /// That way is ended (FIN), the other goes on.
    HalfClose,
    /// What comes that way is read and thrown away.
    Swallow,
    /// What comes that way is not read any more.
    Hold,
    /// What comes that way goes on octet by octet, so much time between two.
    Drip(Duration),
    /// Nothing passes any more, either way, on any connection, until [`Cutter::heal`]; nothing is lost.
    Part,
}

/// What is done to one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Where it begins.
    pub after: (Way, Point),
    /// What happens, and to which direction (for [`How::Close`] and [`How::Break`] to both).
    pub then: (Way, How),
}

/// The proxy. It runs as long as the test.
pub struct Cutter {
    port: u16,
    plan: Arc<Mutex<VecDeque<Option<Cut>>>>,
    connections: Arc<AtomicU64>,
    lines: Arc<Mutex<Vec<Arc<Line>>>>,
    parted: Arc<AtomicBool>,
}

impl Cut {
    /// Closes both connections after so many octets of this direction.
    #[must_use]
    pub fn after(way: Way, octets: u64, how: How) -> Self {
        Self { after: (way, Point::Octets(octets)), then: (way, how) }
    }

    /// The server never hears less, the client hears nothing after this: the lost reply of R-18.
    #[must_use]
    pub fn swallow_replies_after(point: Point) -> Self {
        Self { after: (Way::Up, point), then: (Way::Down, How::Swallow) }
    }
}

impl Cutter {
    /// Listens, and leads to `server`. Connections without a plan go through untouched.
    ///
    /// # Panics
    /// When the loopback cannot be listened on.
    #[must_use]
    pub fn open(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let plan: Arc<Mutex<VecDeque<Option<Cut>>>> = Arc::default();
        let connections = Arc::new(AtomicU64::new(0));
        let lines: Arc<Mutex<Vec<Arc<Line>>>> = Arc::default();
        let parted = Arc::new(AtomicBool::new(false));
        let (plans, count, all) = (Arc::clone(&plan), Arc::clone(&connections), Arc::clone(&lines));
        let whole = Arc::clone(&parted);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let cut = plans.lock().unwrap_or_else(PoisonError::into_inner).pop_front().flatten();
                // No server: the client sees its connection closed, as through any proxy.
                if let Ok(server) = TcpStream::connect_timeout(&server, ANSWER) {
                    let (passed, over) = (AtomicBool::new(false), AtomicBool::new(false));
                    let line = Arc::new(Line { cut, passed, over, parted: Arc::clone(&whole) });
                    all.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&line));
                    drop(join(&client, &server, &line));
                }
            }
        });
        Self { port, plan, connections, lines, parted }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        at(self.port)
    }

    /// What is done to the next connection that has no plan yet; `None` spares one.
    pub fn next(&self, cut: Option<Cut>) {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).push_back(cut);
    }

    /// Ends all connections that are open now.
    pub fn hang_up(&self) {
        for line in self.lines.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            line.over.store(true, Ordering::SeqCst);
        }
    }

    /// Parts the two sides: nothing passes, old connections or new, and nobody is told (RELIABILITY R-19).
    pub fn part(&self) {
        self.parted.store(true, Ordering::SeqCst);
    }

    /// Ends that: what was held goes on.
    pub fn heal(&self) {
        self.parted.store(false, Ordering::SeqCst);
    }

    /// Whether the two sides are parted now.
    #[must_use]
    pub fn is_parted(&self) -> bool {
        self.parted.load(Ordering::SeqCst)
    }

    /// How many connections came.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

/// What both directions of a connection share.
struct Line {
    cut: Option<Cut>,
    /// The point has been passed.
    passed: AtomicBool,
    /// Both directions are to end.
    over: AtomicBool,
    /// Nothing passes on any line.
    parted: Arc<AtomicBool>,
}

fn join(client: &TcpStream, server: &TcpStream, line: &Arc<Line>) -> io::Result<()> {
    for (way, from, to) in [(Way::Up, client, server), (Way::Down, server, client)] {
        let pump = Pump {
            way,
            from: from.try_clone()?,
            to: to.try_clone()?,
            line: Arc::clone(line),
            seen: Seen::default(),
        };
        // Short, so that a direction in which nobody speaks hears of the other one's end.
        pump.from.set_read_timeout(Some(LOOK))?;
        pump.to.set_nodelay(true)?;
        std::thread::spawn(move || pump.run());
    }
    Ok(())
}

/// One direction.
struct Pump {
    way: Way,
    from: TcpStream,
    to: TcpStream,
    line: Arc<Line>,
    seen: Seen,
}

/// What has gone by.
#[derive(Default)]
struct Seen {
    octets: u64,
    /// The last octets, for words that come in two pieces.
    tail: Vec<u8>,
}

impl Pump {
    fn run(mut self) {
        // However it ends, the other direction must hear of it when it cannot go on alone.
        if self.pump().is_err() {
            self.line.over.store(true, Ordering::SeqCst);
        }
    }

    fn pump(&mut self) -> io::Result<()> {
        let mut piece = vec![0; 64 * 1024];
        loop {
            if self.line.over.load(Ordering::SeqCst) {
                return Ok(());
            }
            if self.effect() == Some(How::Hold) || self.line.parted.load(Ordering::SeqCst) {
                std::thread::park_timeout(LOOK);
                continue;
            }
            let count = match self.from.read(&mut piece) {
                Ok(0) => {
                    // One side has said all it had to say; the other may still speak.
                    let _ = self.to.shutdown(Shutdown::Write);
                    return Ok(());
                }
                Ok(count) => count,
                Err(error) if is_pause(&error) => continue,
                Err(error) => return Err(error),
            };
            let mut rest = &piece[..count];
            if let Some(place) = self.point(rest) {
                let (before, after) = rest.split_at(place);
                // The other direction must not let one octet through that answers these.
                self.line.passed.store(true, Ordering::SeqCst);
                self.to.write_all(before)?;
                rest = after;
                match self.line.cut.as_ref().map(|cut| cut.then.1) {
                    Some(How::Close) => return self.end(),
                    Some(How::Break) => {
                        SockRef::from(&self.from).set_linger(Some(Duration::ZERO))?;
                        SockRef::from(&self.to).set_linger(Some(Duration::ZERO))?;
                        self.line.over.store(true, Ordering::SeqCst);
                        return Ok(()); // reset when the last handle is dropped
                    }
                    Some(How::Part) => {
                        self.line.parted.store(true, Ordering::SeqCst);
                        self.wait_until_healed();
                    }
                    Some(How::HalfClose | How::Swallow | How::Hold | How::Drip(_)) | None => {}
                }
            }
            self.pass(rest)?;
            if self.effect() == Some(How::HalfClose) {
                let _ = self.to.shutdown(Shutdown::Write);
                let _ = self.from.shutdown(Shutdown::Read);
                return Ok(());
            }
        }
    }

    /// What is done to this direction now.
    fn effect(&self) -> Option<How> {
        let cut = self.line.cut.as_ref()?;
        (self.line.passed.load(Ordering::SeqCst) && cut.then.0 == self.way).then_some(cut.then.1)
    }

    /// Where in these octets the point lies, when it does.
    fn point(&mut self, piece: &[u8]) -> Option<usize> {
        let (way, point) = &self.line.cut.as_ref()?.after;
        if *way != self.way || self.line.passed.load(Ordering::SeqCst) {
            return None;
        }
        match point {
            Point::Octets(octets) => {
                let left = octets - self.seen.octets;
                self.seen.octets += piece.len() as u64;
                usize::try_from(left).ok().filter(|left| *left <= piece.len())
            }
            Point::Words(words) => {
                let before = self.seen.tail.len();
                self.seen.tail.extend_from_slice(piece);
                let found = memchr::memmem::find(&self.seen.tail, words);
                let place = found.map(|found| found + words.len() - before);
                let keep = self.seen.tail.len().saturating_sub(words.len().saturating_sub(1));
                self.seen.tail.drain(..keep);
                place
            }
        }
    }

    fn pass(&mut self, piece: &[u8]) -> io::Result<()> {
        match self.effect() {
            None | Some(How::Part) => self.to.write_all(piece),
            Some(How::Drip(pause)) => {
                for byte in piece {
                    self.to.write_all(&[*byte])?;
                    std::thread::park_timeout(pause);
                }
                Ok(())
            }
            Some(How::Close | How::Break | How::HalfClose | How::Swallow | How::Hold) => Ok(()),
        }
    }

    fn wait_until_healed(&self) {
        while self.line.parted.load(Ordering::SeqCst) && !self.line.over.load(Ordering::SeqCst) {
            std::thread::park_timeout(LOOK);
        }
    }

    fn end(&self) -> io::Result<()> {
        self.line.over.store(true, Ordering::SeqCst);
        let _ = self.to.shutdown(Shutdown::Both);
        let _ = self.from.shutdown(Shutdown::Both);
        Ok(())
    }
}

fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::is_end;

    /// A server that gives back each line, and tells all it heard at the end.
    fn echo() -> (SocketAddr, std::sync::mpsc::Receiver<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback can be listened on");
        let address = listener.local_addr().expect("an address");
        let (sender, heard) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
                    while let Ok(count @ 1..) = stream.read(&mut piece) {
                        all.extend_from_slice(&piece[..count]);
                        if stream.write_all(&piece[..count]).is_err() {
                            break;
                        }
                    }
                    let _ = sender.send(all);
                });
            }
        });
        (address, heard)
    }

    fn through(cutter: &Cutter) -> TcpStream {
        let stream = TcpStream::connect(cutter.address()).expect("it listens");
        stream.set_read_timeout(Some(ANSWER)).expect("a time-out");
        stream
    }

    fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).expect("it comes");
        bytes
    }

    #[test]
    fn without_a_plan_everything_goes_through_and_ends_are_handed_on() {
        let (server, heard) = echo();
        let cutter = Cutter::open(server);
        cutter.next(None);
        let mut stream = through(&cutter);
        stream.write_all(&[7; 300_000]).expect("it is taken");
        assert_eq!(read(&mut stream, 300_000), [7; 300_000]);
        stream.shutdown(Shutdown::Write).expect("ours is over");
        assert_eq!(heard.recv().expect("all of it").len(), 300_000);
        assert_eq!(stream.read(&mut [0]).expect("its end comes"), 0);
        assert_eq!(cutter.connections(), 1);
    }

    #[test]
    fn a_cut_comes_after_exactly_so_many_octets() {
        for (how, wanted) in [(How::Close, "an end"), (How::Break, "a reset")] {
            let (server, heard) = echo();
            let cutter = Cutter::open(server);
            cutter.next(Some(Cut::after(Way::Up, 10, how)));
            let mut stream = through(&cutter);
            stream.write_all(b"0123456789abcdef").expect("it is taken");
            let mut all = Vec::new();
            match stream.read_to_end(&mut all) {
                Ok(_) => assert_eq!(how, How::Close, "{wanted}"),
                Err(error) => assert!(is_end(&error), "{wanted}: {error}"),
            }
            let heard = heard.recv().expect("the server's part");
            assert!(b"0123456789".starts_with(&heard[..]), "{wanted}: {heard:?}");
            if how == How::Close {
                assert_eq!(heard, b"0123456789");
            }
            let mut next = through(&cutter);
            next.write_all(b"spared").expect("it is taken");
            assert_eq!(read(&mut next, 6), b"spared");
        }
    }

    /// RELIABILITY R-18: the server has all, the client hears nothing.
    #[test]
    fn replies_are_swallowed_after_the_words() {
        let (server, heard) = echo();
        let cutter = Cutter::open(server);
        cutter.next(Some(Cut::swallow_replies_after(Point::Words(b"\r\n.\r\n".to_vec()))));
        let mut stream = through(&cutter);
        stream.write_all(b"letter\r").expect("it is taken");
        assert_eq!(read(&mut stream, 7), b"letter\r");
        stream.write_all(b"\n.\r\nQUIT\r\n").expect("it is taken");
        stream.shutdown(Shutdown::Write).expect("ours is over");
        assert_eq!(heard.recv().expect("all of it"), b"letter\r\n.\r\nQUIT\r\n");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("an end");
        assert_eq!(rest, b"");
    }

    /// RELIABILITY R-19: nobody hears anything, and afterwards everything.
    #[test]
    fn parted_sides_hear_nothing_and_all_of_it_when_the_line_is_healed() {
        let (server, _heard) = echo();
        let cutter = Cutter::open(server);
        cutter.next(Some(Cut::after(Way::Up, 4, How::Part)));
        let mut stream = through(&cutter);
        stream.write_all(b"0123456789").expect("it is taken");
        stream.set_read_timeout(Some(LOOK * 5)).expect("a time-out");
        let mut early = [0; 16];
        let early = stream.read(&mut early).unwrap_or(0);
        assert!(cutter.is_parted() && early <= 4, "{early}");
        let mut other = through(&cutter);
        other.write_all(b"abc").expect("it is taken");
        cutter.heal();
        for (stream, rest) in [(&mut stream, 10 - early), (&mut other, 3)] {
            stream.set_read_timeout(Some(ANSWER)).expect("a time-out");
            assert_eq!(read(stream, rest).len(), rest);
        }
    }

    #[test]
    fn one_way_may_end_be_held_or_drip_while_the_other_goes_on() {
        let (server, heard) = echo();
        let cutter = Cutter::open(server);
        cutter.next(Some(Cut::after(Way::Up, 4, How::HalfClose)));
        let mut stream = through(&cutter);
        stream.write_all(b"0123").expect("it is taken");
        assert_eq!(heard.recv().expect("it ends there"), b"0123");
        assert_eq!(read(&mut stream, 4), b"0123", "the other way goes on");

        cutter.next(Some(Cut::after(Way::Down, 4, How::Hold)));
        let mut stream = through(&cutter);
        stream.write_all(b"0123456789").expect("it is taken");
        assert_eq!(read(&mut stream, 4), b"0123");
        stream.set_read_timeout(Some(LOOK * 5)).expect("a time-out");
        assert!(is_pause(&stream.read(&mut [0]).expect_err("nothing more comes")));

        cutter.next(Some(Cut::after(Way::Down, 0, How::Drip(Duration::from_millis(1)))));
        let mut stream = through(&cutter);
        stream.write_all(b"0123456789").expect("it is taken");
        assert_eq!(read(&mut stream, 10), b"0123456789");
    }
}
