//! How long the stories wait before they give up.

use std::time::Duration;

/// For one answer of the server on a socket.
pub const ANSWER: Duration = Duration::from_secs(60);
/// For the server to open its doors, recover its data, or stop.
pub const DOORS: Duration = Duration::from_secs(60);
/// For a notice to leave the house.
pub const NOTICE: Duration = Duration::from_secs(90);
/// For a foreign program to end.
pub const PROGRAM: Duration = Duration::from_secs(60);
/// For one step of the browser.
pub const BROWSER: Duration = Duration::from_secs(90);
/// Between two looks at something that does not tell when it changes.
pub const LOOK: Duration = Duration::from_millis(10);
