//! Where everything stands in the world round a device: addresses, ports and names.
//!
//! The services are not on the device's own subnet, so that a device without a default route cannot reach them.
//! 198.18.0.0/15 is set aside for tests of networks (RFC 2544, RFC 6890), `.test` for tests of names (RFC 6761).

use brownout_core::network::Service;
use core::net::Ipv4Addr;

/// The gateway, which is also the DHCP and the DNS server.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

/// Length of the prefix of the device's subnet.
pub const PREFIX: u8 = 24;

/// The first address that is leased.
pub const FIRST_LEASE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 100);

/// An address at which nobody is.
pub const NOBODY: Ipv4Addr = Ipv4Addr::new(198, 18, 9, 9);

/// The port of DNS (RFC 1035), over UDP and TCP.
pub const DNS_PORT: u16 = 53;
/// The port of a DHCP server (RFC 2131).
pub const DHCP_SERVER_PORT: u16 = 67;
/// The port of a DHCP client.
pub const DHCP_CLIENT_PORT: u16 = 68;
/// The port of NTP (RFC 5905).
pub const NTP_PORT: u16 = 123;
/// The port of HTTPS.
pub const HTTPS_PORT: u16 = 443;
/// The port of plain HTTP.
pub const HTTP_PORT: u16 = 80;
/// The port of MQTT over TLS, as IANA registered it.
pub const MQTTS_PORT: u16 = 8883;
/// The port of plain MQTT, as IANA registered it.
pub const MQTT_PORT: u16 = 1883;

/// A name that can be resolved, and its address.
pub const NAMES: &[(&str, Ipv4Addr, Service)] = &[
    ("mqtt.brownout.test", Ipv4Addr::new(198, 18, 0, 10), Service::Broker),
    ("time.brownout.test", Ipv4Addr::new(198, 18, 0, 20), Service::Ntp),
    ("api.brownout.test", Ipv4Addr::new(198, 18, 0, 30), Service::Api),
    ("identity.brownout.test", Ipv4Addr::new(198, 18, 0, 31), Service::Identity),
];

/// The host name of a service.
pub fn host(service: Service) -> Option<&'static str> {
    NAMES.iter().find(|(_, _, of)| *of == service).map(|(name, ..)| *name)
}

/// The address of a service.
pub fn address(service: Service) -> Ipv4Addr {
    NAMES.iter().find(|(_, _, of)| *of == service).map_or(GATEWAY, |(_, address, _)| *address)
}

/// The service that stands at an address and port.
pub fn service_at(address: Ipv4Addr, port: u16) -> Option<Service> {
    if address == GATEWAY || address == Ipv4Addr::BROADCAST {
        return match port {
            DNS_PORT => Some(Service::Dns),
            DHCP_SERVER_PORT => Some(Service::Dhcp),
            _ => None,
        };
    }
    let service = NAMES.iter().find(|(_, of, _)| *of == address).map(|(_, _, service)| *service)?;
    let ports: &[u16] = match service {
        Service::Broker => &[MQTTS_PORT, MQTT_PORT],
        Service::Ntp => &[NTP_PORT],
        Service::Api | Service::Identity => &[HTTPS_PORT, HTTP_PORT],
        Service::Dhcp | Service::Dns => &[],
    };
    ports.contains(&port).then_some(service)
}
