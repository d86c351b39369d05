//! A scribe: one row through `db` for each line it hears, then `250`. The judge of durability must
//! find this program innocent with `power-cut` and guilty with `process-crash`: a judge that cannot
//! find anybody guilty proves nothing (RELIABILITY §4.2, negative controls).
//!
//! `pli-scribe FOLDER power-cut|process-crash PORT_FILE`

use names::{Clock, Timestamp};
use std::path::PathBuf;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

const NOON: Timestamp = Timestamp(1_795_348_800_000);
const TABLES: &[db::Migration] = &[db::Migration {
    name: "scribe/0001",
    sql: "CREATE TABLE note (id {ID}, line {TEXT} NOT NULL) {STRICT}",
}];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("the folder")?);
    let durability = match arguments.next().as_deref() {
        Some("power-cut") => db::Durability::PowerCut,
        Some("process-crash") => db::Durability::ProcessCrash,
        other => return Err(format!("no such durability: {other:?}").into()),
    };
    let port_file = PathBuf::from(arguments.next().ok_or("the file to write the port to")?);
    let config = db::Config::Sqlite { folder, name: "pli".to_owned(), durability };
    let db = db::Db::open(&config, Clock::new(|| NOON)).await?;
    db.migrate(TABLES).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let whole = port_file.with_extension("part");
    std::fs::write(&whole, listener.local_addr()?.port().to_string())?;
    std::fs::rename(&whole, &port_file)?;
    let (mut stream, _) = listener.accept().await?;
    let (reading, mut writing) = stream.split();
    let mut lines = BufReader::new(reading).lines();
    while let Some(line) = lines.next_line().await? {
        let row = (db.id(NOON), line);
        let unit = db::unit("note a line", row, |(id, line), tx| {
            Box::pin(async move {
                let sql = "INSERT INTO note (id, line) VALUES ($1, $2)";
                tx.execute(sql, db::args![*id, line.as_str()]).await
            })
        });
        db.write(unit).await?;
        writing.write_all(b"250 noted\r\n").await?;
    }
    Ok(())
}
