//! How many look at public rooms without being in them: from one network so many at once, from one site,
//! which has many networks where it has IPv6, and in all.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{Error, Result, limits::network};

/// From one network.
const FROM_NETWORK: usize = 50;
/// From one site.
const FROM_SITE: usize = 500;
/// On this node.
const IN_ALL: usize = 5_000;

/// Where somebody comes from: a network by its first address, or a site.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Source {
    Network(IpAddr),
    /// By its first 48 bits, which is as much as one gets.
    Site(Ipv6Addr),
}

/// Who is here, by where they come from.
#[derive(Debug, Default)]
struct Here {
    counts: HashMap<Source, usize>,
    all: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Crowd(Arc<Mutex<Here>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Visitor {
    crowd: Crowd,
    address: IpAddr,
}

impl Crowd {
    fn here(&self) -> MutexGuard<'_, Here> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets one more in.
    ///
    /// # Errors
    /// `RateLimited` where too many are here.
    pub fn enter(&self, address: IpAddr) -> Result<Visitor> {
        let mut here = self.here();
        let is_full = |(from, most)| here.counts.get(&from).is_some_and(|count| *count >= most);
        if here.all >= IN_ALL || bounds(address).any(is_full) {
            return Err(Error::RateLimited { retry_after_ms: 60_000 });
        }
        here.all += 1;
        bounds(address).for_each(|(from, _)| *here.counts.entry(from).or_default() += 1);
        drop(here);
        Ok(Visitor { crowd: self.clone(), address })
    }
}

/// Where an address counts, and how many at most.
fn bounds(address: IpAddr) -> impl Iterator<Item = (Source, usize)> {
    let network = network(address);
    let site = match network {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            Some((Source::Site(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), FROM_SITE))
        }
    };
    std::iter::once((Source::Network(network), FROM_NETWORK)).chain(site)
}

impl Drop for Visitor {
    fn drop(&mut self) {
        let mut here = self.crowd.here();
        here.all -= 1;
        for (from, _) in bounds(self.address) {
            if let Some(count) = here.counts.get_mut(&from) {
                *count -= 1;
                if *count == 0 {
                    here.counts.remove(&from);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_has_so_many_at_once() {
        let crowd = Crowd::default();
        let here = || crowd.enter("192.0.2.1".parse().unwrap());
        let mut visitors: Vec<Visitor> = (0..FROM_NETWORK).map(|_| here().unwrap()).collect();
        assert!(matches!(here(), Err(Error::RateLimited { .. })));
        assert!(crowd.enter("192.0.2.2".parse().unwrap()).is_ok());
        visitors.pop();
        assert!(here().is_ok());
        drop(visitors);
        assert!(crowd.here().counts.is_empty());
    }

    #[test]
    fn a_site_with_many_networks_leaves_room_for_others() {
        let crowd = Crowd::default();
        let from = |text: String| crowd.enter(text.parse().unwrap());
        let networks = 0..FROM_SITE;
        let visitors: Vec<Visitor> =
            networks.map(|n| from(format!("2001:db8:1:{n:x}::1")).unwrap()).collect();
        assert!(from("2001:db8:1:ffff::1".to_owned()).is_err());
        assert!(from("2001:db8:2::1".to_owned()).is_ok());
        drop(visitors);
        assert!(from("2001:db8:1:ffff::1".to_owned()).is_ok());
        let here = crowd.here();
        assert_eq!((here.all, here.counts.len()), (0, 0));
    }
}
