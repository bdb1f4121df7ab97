//! Ports for servers that come and go.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with, sockopt,
};

/// A port of the loopback address that nobody else is given, also while its server is away.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    // Bound, and never listening: a server that may reuse the address can, and nobody gets it by
    // asking for any.
    _socket: OwnedFd,
}

impl Port {
    pub(crate) fn any() -> Self {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
        sockopt::set_socket_reuseaddr(&socket, true).unwrap();
        bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address: SocketAddrV4 = getsockname(&socket).unwrap().try_into().unwrap();
        Self {
            number: address.port(),
            _socket: socket,
        }
    }
}
