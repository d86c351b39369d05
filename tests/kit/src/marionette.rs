//! Marionette, by which Mozilla's programs are driven: lengths and JSON over TCP of the loopback.

use crate::limits::{ANSWER, BROWSER};
use crate::loopback::at;
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::TcpStream;

/// A driven program. Scripts run in its own windows, not in pages.
pub(crate) struct Marionette {
    stream: TcpStream,
    unread: Vec<u8>,
    commands: u64,
}

impl Marionette {
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&at(port), ANSWER)?;
        stream.set_read_timeout(Some(BROWSER))?;
        let mut marionette = Self { stream, unread: Vec::new(), commands: 0 };
        let _ = marionette.message()?;
        let _ = marionette.command("WebDriver:NewSession", &json!({}))?;
        let _ = marionette.command("Marionette:SetContext", &json!({"value": "chrome"}))?;
        Ok(marionette)
    }

    /// Runs a script; what it returns.
    pub(crate) fn script(&mut self, script: &str, arguments: &Value) -> io::Result<Value> {
        let mut answer =
            self.command("WebDriver:ExecuteScript", &json!({"script": script, "args": arguments}))?;
        Ok(answer["value"].take())
    }

    /// Asks it to end, as a person does who closes it.
    pub(crate) fn quit(&mut self) -> io::Result<()> {
        self.command("Marionette:Quit", &json!({"flags": ["eAttemptQuit"]})).map(drop)
    }

    fn command(&mut self, name: &str, parameters: &Value) -> io::Result<Value> {
        self.commands += 1;
        let text = json!([0, self.commands, name, parameters]).to_string();
        self.stream.write_all(format!("{}:{text}", text.len()).as_bytes())?;
        // [1, number, error, result]
        let mut answer = self.message()?;
        match answer[2].take() {
            Value::Null => Ok(answer[3].take()),
            error => Err(io::Error::other(error.to_string())),
        }
    }

    fn message(&mut self) -> io::Result<Value> {
        loop {
            if let Some(colon) = self.unread.iter().position(|byte| *byte == b':') {
                let length = std::str::from_utf8(&self.unread[..colon]).unwrap_or_default();
                let length: usize = length.parse().map_err(io::Error::other)?;
                if self.unread.len() > colon + length {
                    let message: Vec<u8> = self.unread.drain(..=colon + length).skip(colon + 1).collect();
                    return serde_json::from_slice(&message).map_err(io::Error::other);
                }
            }
            let mut piece = [0; 16 * 1024];
            let count = self.stream.read(&mut piece)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.unread.extend_from_slice(&piece[..count]);
        }
    }
}
