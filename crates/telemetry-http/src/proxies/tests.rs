//! Headers of proxies, and a model of how they are meant.

use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn client(peer: &str, proxies: &TrustedProxies, values: &[&str]) -> String {
    let name = match proxies.header {
        ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
        ForwardedHeader::Forwarded => header::FORWARDED,
    };
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(&name, HeaderValue::from_str(value).unwrap());
    }
    let peer: IpAddr = peer.parse().unwrap();
    let caller = proxies.caller(peer.into(), &headers);
    caller.client.unwrap().to_string()
}

#[test]
fn without_trusted_proxies_the_socket_alone_counts() {
    let none = TrustedProxies::default();
    assert_eq!(
        client("203.0.113.9", &none, &["198.51.100.1"]),
        "203.0.113.9"
    );
    assert_eq!(client("::ffff:203.0.113.9", &none, &[]), "203.0.113.9");
}

#[test]
fn a_stranger_is_not_believed() {
    let proxies = TrustedProxies::new(["10.0.0.0/8"]).unwrap();
    assert_eq!(
        client("203.0.113.9", &proxies, &["198.51.100.1"]),
        "203.0.113.9"
    );
}

#[test]
fn trusted_proxies_are_followed_from_the_last_to_the_client() {
    let proxies = TrustedProxies::new(["10.0.0.0/8", "192.0.2.7"]).unwrap();
    for (values, expected) in [
        (&["198.51.100.1"][..], "198.51.100.1"),
        (&["198.51.100.1, 10.1.1.1"], "198.51.100.1"),
        (&["198.51.100.1", "192.0.2.7,10.1.1.1"], "198.51.100.1"),
        // What the client itself put in front is not believed.
        (&["1.1.1.1, 198.51.100.1, 10.1.1.1"], "198.51.100.1"),
        (&["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
        (&["198.51.100.1, unknown, 10.1.1.1"], "10.1.1.1"),
        (&[""], "10.0.0.1"),
        (&[], "10.0.0.1"),
        (&["198.51.100.1:4711"], "198.51.100.1"),
        (&["[2001:db8::1]:4711"], "2001:db8::1"),
        (&["2001:db8::1"], "2001:db8::1"),
        (&["198.51.100.1,"], "198.51.100.1"),
        (&["198.51.100.1, , 10.1.1.1"], "198.51.100.1"),
        (&[" ,198.51.100.1", ",, "], "198.51.100.1"),
        (&["é, 198.51.100.1, 10.1.1.1"], "198.51.100.1"),
        (&["198.51.100.1:_hidden"], "198.51.100.1"),
        (&["198.51.100.1:"], "10.0.0.1"),
        (&["[198.51.100.1]"], "10.0.0.1"),
    ] {
        assert_eq!(client("10.0.0.1", &proxies, values), expected, "{values:?}");
    }
}

#[test]
fn the_forwarded_header_is_read_when_it_is_the_one_that_proxies_set() {
    let proxies = TrustedProxies::new(["10.0.0.0/8"])
        .unwrap()
        .with_header(ForwardedHeader::Forwarded);
    for (values, expected) in [
        (
            &["for=198.51.100.1;proto=https;by=10.0.0.1"][..],
            "198.51.100.1",
        ),
        (&["proto=https; For=\"[2001:db8::1]:4711\""], "2001:db8::1"),
        (&["for=\"[2001:db8::1]\", for=10.1.1.1"], "2001:db8::1"),
        (&["for=_hidden, for=10.1.1.1"], "10.1.1.1"),
        (&["proto=https"], "10.0.0.1"),
        (&["for=198.51.100.1;host=\"a,for=6.6.6.6\""], "198.51.100.1"),
        (
            &["for=198.51.100.1;host=\"a\\\",for=6.6.6.6\", for=10.1.1.1"],
            "198.51.100.1",
        ),
        (&["for=198.51.100.1;host=\"a, for=6.6.6.6"], "10.0.0.1"),
    ] {
        assert_eq!(client("10.0.0.1", &proxies, values), expected, "{values:?}");
    }
}

#[test]
fn a_bad_network_is_named() {
    let error = TrustedProxies::new(["10.0.0.0/8", "10.0.0.0/33"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"10.0.0.0/33\" is neither a network nor an address"
    );
}

/// What the layer makes of headers from a trusted proxy: client, scheme and host.
type Said = (Option<String>, Option<&'static str>, Option<String>);

fn said(proxies: &TrustedProxies, peer: Peer, headers: &[(HeaderName, String)]) -> Said {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.append(name, HeaderValue::from_str(value).unwrap());
    }
    let caller = proxies.caller(peer, &all);
    (
        caller.client.map(|client| client.to_string()),
        caller.scheme().map(Scheme::as_str),
        caller.host().map(Cow::into_owned),
    )
}

fn proxies(header: ForwardedHeader) -> TrustedProxies {
    let proxies = TrustedProxies::new(["10.0.0.0/8", "fd00::/8"]).unwrap();
    proxies.with_header(header).trusting_local_sockets()
}

#[test]
fn a_local_socket_is_a_proxy_only_where_it_is_trusted() {
    let headers = [
        (X_FORWARDED_FOR, "198.51.100.1".to_owned()),
        (X_FORWARDED_PROTO, "https".to_owned()),
    ];
    let trusting = TrustedProxies::default().trusting_local_sockets();
    let client = Some("198.51.100.1".to_owned());
    let local = Peer::from_local_socket();
    assert_eq!(
        said(&trusting, local, &headers),
        (client, Some("https"), None)
    );
    assert_eq!(said(&trusting, local, &[]), (None, None, None));
    // Neither a stranger nor an unknown peer is a local socket.
    let stranger: IpAddr = "203.0.113.9".parse().unwrap();
    let client = Some("203.0.113.9".to_owned());
    assert_eq!(
        said(&trusting, stranger.into(), &headers),
        (client, None, None)
    );
    assert_eq!(said(&trusting, Peer::new(), &headers), (None, None, None));
    let others = TrustedProxies::new(["0.0.0.0/0", "::/0"]).unwrap();
    assert_eq!(said(&others, local, &headers), (None, None, None));
}

/// A node as a proxy may write it, and the address that is meant.
fn node() -> impl Strategy<Value = (String, Option<IpAddr>)> {
    let address = prop_oneof![
        // Proxies of ours.
        any::<[u8; 3]>().prop_map(|[a, b, c]| IpAddr::from([10, a, b, c])),
        any::<u16>().prop_map(|last| IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, last])),
        // Strangers.
        any::<[u8; 2]>().prop_map(|[a, b]| IpAddr::from([198, 51, a, b])),
        any::<u16>().prop_map(|last| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last])),
    ];
    let port = prop_oneof![
        Just(String::new()),
        any::<u16>().prop_map(|port| format!(":{port}")),
        "[0-9]{1,5}".prop_map(|port| format!(":{port}")),
        "[A-Za-z0-9._-]{1,6}".prop_map(|port| format!(":_{port}")),
    ];
    let mapped = any::<bool>();
    let known = (address, port, mapped).prop_map(|(address, port, is_mapped)| {
        let text = match address {
            IpAddr::V4(v4) if is_mapped => format!("[{}]{port}", v4.to_ipv6_mapped()),
            IpAddr::V4(v4) => format!("{v4}{port}"),
            IpAddr::V6(v6) if port.is_empty() && is_mapped => v6.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]{port}"),
        };
        (text, Some(address))
    });
    let unknown = prop_oneof![
        prop::sample::select(vec![
            "unknown",
            "é",
            "_hidden",
            "localhost",
            "10.0.0.1.1",
            "10.0.0.256",
            "10.0.0.1:",
            "10.0.0.1:x",
            "10.0.0.1:_",
            "10.0.0.1:123456",
            "10.0.0.1 10.0.0.1",
            "[10.0.0.1]",
            "[::1",
            "::1]",
            "[::1]x",
            "[::1]:",
            "[]",
            ":",
            ":80",
            "http://10.0.0.1",
        ])
        .prop_map(str::to_owned),
        "[g-z!#$%&'*+^`|~]{1,8}",
    ];
    prop_oneof![4 => known, 1 => unknown.prop_map(|text| (text, None))]
}

fn proto() -> impl Strategy<Value = (String, Option<&'static str>)> {
    prop_oneof![
        prop::sample::select(vec![
            ("https", Some("https")),
            ("HTTPS", Some("https")),
            ("wss", Some("https")),
            ("http", Some("http")),
            ("Ws", Some("http")),
            ("ftp", None),
            ("https;", None),
            ("httpss", None),
            ("é", None),
        ])
        .prop_map(|(text, scheme)| (text.to_owned(), scheme)),
    ]
}

fn host() -> impl Strategy<Value = String> {
    "[a-z]{1,8}\\.example(:[0-9]{1,5})?|\\[::1\\]:80|[a-z]@x"
}

/// The host, unless it has a user in it.
fn without_user(host: &str) -> Option<String> {
    (!host.contains('@')).then(|| host.to_owned())
}

/// The elements of a list on the lines of a header, with empty ones among them.
fn lines() -> impl Strategy<Value = Vec<&'static str>> {
    let separators = vec![",", ", ", "\t,", " ,, ", ",\t ,", "\n", ",\n", "\n,"];
    prop::collection::vec(prop::sample::select(separators), 8)
}

fn write(name: &HeaderName, list: &[String], separators: &[&str]) -> Vec<(HeaderName, String)> {
    let mut text = String::new();
    for (at, element) in list.iter().enumerate() {
        if at > 0 {
            text.push_str(separators[at]);
        }
        text.push_str(element);
    }
    let lines = text.split('\n');
    lines.map(|line| (name.clone(), line.to_owned())).collect()
}

/// How far the nodes are followed, the last first: the client, and the number of the node from
/// the end that the proxy wrote which the client talked to.
fn followed(nodes: &[Option<IpAddr>]) -> (Option<IpAddr>, Option<usize>) {
    let is_ours = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.octets()[0] == 10,
        IpAddr::V6(address) => address.segments()[0] == 0xfd00,
    };
    let backwards: Vec<_> = nodes.iter().rev().copied().collect();
    let ours = backwards
        .iter()
        .take_while(|node| node.as_ref().is_some_and(is_ours))
        .count();
    // A stranger, or a node that says nothing, stands behind the last proxy of ours.
    let nth = ours.min(backwards.len().saturating_sub(1));
    let known = backwards.iter().take(nth + 1).rev().find_map(|node| *node);
    (known, (!backwards.is_empty()).then_some(nth))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn x_forwarded_headers_are_read_as_their_lists_were_meant(
        nodes in prop::collection::vec(node(), 0..6),
        protos in prop::collection::vec(proto(), 0..4),
        hosts in prop::collection::vec(host(), 0..4),
        separators in lines(),
    ) {
        let texts: Vec<_> = nodes.iter().map(|(text, _)| text.clone()).collect();
        let mut headers = write(&X_FORWARDED_FOR, &texts, &separators);
        let texts: Vec<_> = protos.iter().map(|(text, _)| text.clone()).collect();
        headers.extend(write(&X_FORWARDED_PROTO, &texts, &separators));
        headers.extend(write(&X_FORWARDED_HOST, &hosts, &separators));

        let addresses: Vec<_> = nodes.iter().map(|(_, address)| *address).collect();
        let (client, nth) = followed(&addresses);
        let at = |length: usize| match length {
            1 => Some(0),
            length => length.checked_sub(nth.unwrap_or(0) + 1),
        };
        let scheme = at(protos.len()).and_then(|at| protos.get(at)?.1);
        let host = at(hosts.len()).and_then(|at| without_user(hosts.get(at)?));

        let proxies = proxies(ForwardedHeader::XForwardedFor);
        let expected = (client.map(|client| client.to_string()), scheme, host);
        let local = Peer::from_local_socket();
        prop_assert_eq!(said(&proxies, local, &headers), expected, "{:?}", headers);
        // A stranger who sends the same is not believed.
        let stranger: IpAddr = "203.0.113.9".parse().unwrap();
        let expected = (Some("203.0.113.9".to_owned()), None, None);
        prop_assert_eq!(said(&proxies, stranger.into(), &headers), expected);
    }

    #[test]
    fn forwarded_is_read_by_the_hop_of_the_client(
        hops in prop::collection::vec(
            (prop::option::of(node()), prop::option::of(proto()), prop::option::of(host())),
            0..6,
        ),
        separators in lines(),
    ) {
        let quoted = |name: &str, value: &str| format!("{name}=\"{value}\"");
        let texts: Vec<_> = hops
            .iter()
            .map(|(node, proto, host)| {
                let node = node.as_ref().map(|(node, _)| quoted("For", node));
                let proto = proto.as_ref().map(|(proto, _)| quoted("proto", proto));
                let host = host.as_ref().map(|host| quoted("HOST", host));
                let by = Some("by=_us".to_owned());
                let pairs = [host, node, by, proto].into_iter().flatten();
                pairs.collect::<Vec<_>>().join(";")
            })
            .collect();
        let headers = write(&header::FORWARDED, &texts, &separators);

        let nodes = hops.iter().map(|(node, ..)| node.as_ref()?.1);
        let (client, nth) = followed(&nodes.collect::<Vec<_>>());
        let hop = nth.map(|nth| &hops[hops.len() - 1 - nth]);
        let scheme = hop.and_then(|(_, proto, _)| proto.as_ref()?.1);
        let host = hop.and_then(|(.., host)| without_user(host.as_ref()?));

        let proxies = proxies(ForwardedHeader::Forwarded);
        let expected = (client.map(|client| client.to_string()), scheme, host);
        let local = Peer::from_local_socket();
        prop_assert_eq!(said(&proxies, local, &headers), expected, "{:?}", headers);
    }
}
