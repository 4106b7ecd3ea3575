//! Addresses: which forms there are, which one is taken, and what errors say of them.

mod net_support;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use canter_executor::block_on;
use canter_executor::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket, lookup_host};
use net_support::guard_against_hanging;
use socket2::{Domain, Socket, Type};

/// An address at which nobody listens, as long as the socket is there that has taken it and does not.
fn refusing() -> (Socket, SocketAddr) {
    let holder = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    holder.bind(&any.into()).unwrap();
    let address = holder.local_addr().unwrap().as_socket().unwrap();
    (holder, address)
}

fn addresses(of: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    block_on(lookup_host(of)).map(Iterator::collect)
}

fn invalid(text: &str) -> String {
    let error = addresses(text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    error.to_string()
}

#[test]
fn an_address_in_any_form_is_itself() {
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 80));
    let (SocketAddr::V4(v4_only), SocketAddr::V6(v6_only)) = (v4, v6) else {
        panic!("they are what they were made from");
    };
    for found in [
        addresses(v4),
        addresses(v4_only),
        addresses((Ipv4Addr::LOCALHOST, 80)),
        addresses((IpAddr::from(Ipv4Addr::LOCALHOST), 80)),
        addresses("127.0.0.1:80"),
        addresses("127.0.0.1:80".to_owned()),
        addresses(("127.0.0.1", 80)),
        addresses(("127.0.0.1".to_owned(), 80)),
    ] {
        assert_eq!(found.unwrap(), [v4]);
    }
    for found in [
        addresses(v6),
        addresses(v6_only),
        addresses((Ipv6Addr::LOCALHOST, 80)),
        addresses("[::1]:80"),
        addresses(("::1", 80)),
    ] {
        assert_eq!(found.unwrap(), [v6]);
    }
    assert_eq!(addresses(&[v4, v6][..]).unwrap(), [v4, v6]);
}

#[test]
fn a_name_is_looked_up() {
    let found = addresses("localhost:80").unwrap();
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|address| address.ip().is_loopback() && address.port() == 80)
    );
    assert_eq!(addresses(("localhost", 80)).unwrap(), found);
}

#[test]
fn text_that_is_no_address_says_which_form_it_has_to_have() {
    assert!(invalid("nowhere").contains("`nowhere`"));
    assert!(invalid("nowhere").contains("HOST:PORT"));
    assert!(invalid("nowhere:http").contains("65535"));
    assert!(invalid("127.0.0.1:65536").contains("65535"));
    assert!(invalid("").contains("HOST:PORT"));
}

#[test]
fn a_name_that_does_not_resolve_is_in_the_error() {
    // A part of a name has 63 characters at most, so no server is asked.
    let name = "x".repeat(64);
    let error = addresses((name.as_str(), 80)).unwrap_err();
    assert!(error.to_string().contains(&name), "{error}");
    let error = block_on(TcpStream::connect((name.as_str(), 80))).unwrap_err();
    assert!(error.to_string().contains(&name), "{error}");
}

#[test]
fn connecting_tries_each_address_until_one_answers() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (_holder, refusing) = refusing();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listening = listener.local_addr().unwrap();
        let stream = TcpStream::connect(&[refusing, listening][..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), listening);
    });
}

#[test]
fn a_refused_connection_names_the_address_and_keeps_its_cause() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (_holder, refusing) = refusing();
        let error = TcpStream::connect(refusing).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let said = error.to_string();
        assert!(
            said.starts_with(&format!("could not connect to {refusing}: ")),
            "{said}"
        );
        let inner = error.get_ref().expect("it is explained");
        let cause = inner
            .source()
            .expect("it has a cause")
            .downcast_ref::<io::Error>();
        assert!(cause.expect("of the system").raw_os_error().is_some());
    });
}

#[test]
fn a_connection_that_no_address_takes_names_them_all() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (_holder, one) = refusing();
        let (_holder, other) = refusing();
        let said = TcpStream::connect(&[one, other][..])
            .await
            .unwrap_err()
            .to_string();
        assert!(
            said.contains(&one.to_string()) && said.contains(&other.to_string()),
            "{said}"
        );

        let error = TcpStream::connect(&[][..]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);

        let asked = format!("localhost:{}", one.port());
        let said = TcpStream::connect(&*asked).await.unwrap_err().to_string();
        assert!(said.contains(&asked), "{said}");
    });
}

#[test]
fn an_address_in_use_is_named() {
    let _guard = guard_against_hanging();
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let error = TcpListener::bind(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&address.to_string()), "{error}");

        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let error = UdpSocket::bind(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    });
}

#[test]
fn binding_tries_each_address_until_one_is_free() {
    let _guard = guard_against_hanging();
    block_on(async {
        let holder = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = holder.local_addr().unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(&[taken, any][..]).await.unwrap();
        assert_ne!(listener.local_addr().unwrap(), taken);
    });
}
