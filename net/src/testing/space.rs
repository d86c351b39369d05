//! A trust space: what operators show each other, and what revokes it.

use super::{NOW, stopped_clock};
use arc_swap::ArcSwap;
use certs::{
    Anchors, Authority, ClientAuth, Identity, LIST_GRACE, ListOrder, OperatorName, PeerTrust, Revocation,
    RevocationLists, ServerIdentity, Service,
};
use rustls::ClientConfig;
use std::sync::Arc;

/// An authority, its lists, an operator.
pub(crate) struct Space {
    pub(crate) authority: Authority,
    pub(crate) lists: Arc<RevocationLists>,
    pub(crate) operator: OperatorName,
}

impl Space {
    pub(crate) fn new() -> Self {
        let authority = Authority::new("Authority of the space", NOW).unwrap();
        let anchors = Anchors::from_pem(authority.certificate_pem()).unwrap();
        let operator = OperatorName {
            common_name: "mx.operateur.example".into(),
            structure: "318310021300028".into(),
            organisation: "GIP".into(),
            department: "Rhône (69)".into(),
        };
        Self { authority, lists: RevocationLists::new(anchors, LIST_GRACE), operator }
    }

    pub(crate) fn publish(&self, revoked: &[&str]) {
        let list = self.authority.revocation_list(&ListOrder::daily(revoked, NOW)).unwrap();
        self.lists.install(&list.der, NOW).unwrap();
    }

    /// An MX door: a certificate is required.
    pub(crate) fn config(&self) -> Arc<ArcSwap<rustls::ServerConfig>> {
        let issued = self.authority.server(&["localhost"], NOW).unwrap();
        let own = Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap();
        let revocation = Revocation::Required(Arc::clone(&self.lists));
        let trust = PeerTrust::new(Arc::clone(self.lists.anchors()), revocation);
        let clients = ClientAuth::Required(trust);
        let own = ServerIdentity::fixed(vec![own]);
        let config = certs::server_config(own, Service::Mx, clients, stopped_clock()).unwrap();
        Arc::new(ArcSwap::from_pointee(config))
    }

    pub(crate) fn client(&self, shown: Option<&Identity>) -> Arc<ClientConfig> {
        let roots = self.lists.anchors().roots();
        Arc::new(certs::client_config(roots, shown, stopped_clock()).unwrap())
    }
}
