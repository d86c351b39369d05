//! A server scraped, and the page that lists its figures.

use super::METRICS;
use crate::config::Metrics;
use crate::testing::grounds;
use std::collections::BTreeSet;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_running_server_tells_its_figures_on_both_engines() {
    for mut ground in grounds() {
        let listen = "127.0.0.1:0".parse().unwrap();
        ground.config.metrics = Some(Metrics { listen, open_to_others: false });
        let server = ground.server().await;
        let address = server.addresses().metrics.unwrap();
        assert!(get(address, "/").await.starts_with("HTTP/1.1 404 "));
        let door = TcpStream::connect(server.addresses().imap_implicit.unwrap()).await.unwrap();
        drop(door);
        let page = get(address, "/metrics").await;
        assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("openmetrics-text"), "{page}");
        for line in [
            "pli_database_readable 1.0",
            "pli_queue_recipients{state=\"waiting\"} 0.0",
            "pli_fhir_total{what=\"answered\"} 0",
            "pli_ldap_refused_total{reason=\"anonymous\"} 0",
            "pli_fhir_refused_total{reason=\"throttled\"} 0",
            "pli_disk_octets{what=\"reserve\"} 0.0",
            "pli_commits_total{database=\"data\",what=\"units\"}",
            "pli_certificate_ends_seconds{name=\"mail.pli.example\"",
            "# EOF",
        ] {
            assert!(page.contains(line), "{}: no {line} in {page}", ground.engine);
        }
        let known: BTreeSet<&str> = METRICS.iter().map(|(name, _)| *name).collect();
        let told = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
        for name in told {
            assert!(known.contains(name), "{name} is not in METRICS");
        }
        server.stop().await;
    }
}

#[test]
fn the_page_of_figures_lists_each_one() {
    let page = include_str!("../../../docs/metrics.md");
    let listed: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|name| name.starts_with("pli_"))
        .map(|name| name.trim_end_matches("_total"))
        .collect();
    let known: BTreeSet<&str> = METRICS.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, known);
    assert_eq!(known.len(), METRICS.len(), "a name stands twice");
}
