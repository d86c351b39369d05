//! Frames on the socket, bounded in size.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Octets of one frame: seed files of a large import pass, a broken client does not fill the memory.
pub(super) const FRAME: usize = 64 * 1024 * 1024;
/// Octets that a frame's length takes.
const LENGTH: usize = 4;

pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), value: &impl Serialize) -> io::Result<()> {
    let bytes = postcard::to_stdvec(value).map_err(io::Error::other)?;
    if bytes.len() > FRAME {
        return Err(io::Error::other(format!("more than {FRAME} octets for one command")));
    }
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(&bytes).await?;
    stream.flush().await
}

/// The next frame; none when the other end closed before it.
pub(super) async fn read<T: DeserializeOwned>(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<T>> {
    let mut length = [0; LENGTH];
    match stream.read_exact(&mut length).await {
        Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    let length = u32::from_be_bytes(length) as usize;
    if length > FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    // Grows with what really comes: a length alone reserves nothing.
    let mut bytes = Vec::new();
    let read = stream.take(length as u64).read_to_end(&mut bytes).await?;
    if read < length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a frame ended early"));
    }
    let value = postcard::from_bytes(&bytes);
    value.map(Some).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a frame is not understood"))
}
