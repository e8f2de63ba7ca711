//! How many look at public rooms without being in them: from one network so many at once, and so many
//! in all.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{Error, Result, limits::network};

/// From one network.
const FROM_ONE: usize = 50;
/// On this node.
const IN_ALL: usize = 5_000;

/// Who is here, by network.
#[derive(Clone, Debug, Default)]
pub struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Visitor {
    crowd: Crowd,
    network: IpAddr,
}

impl Crowd {
    fn all(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets one more in.
    ///
    /// # Errors
    /// `RateLimited` where too many are here.
    pub fn enter(&self, address: IpAddr) -> Result<Visitor> {
        let network = network(address);
        let mut all = self.all();
        let in_all: usize = all.values().sum();
        let from_one = all.get(&network).copied().unwrap_or(0);
        if from_one >= FROM_ONE || in_all >= IN_ALL {
            return Err(Error::RateLimited { retry_after_ms: 60_000 });
        }
        all.insert(network, from_one + 1);
        drop(all);
        Ok(Visitor { crowd: self.clone(), network })
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        let mut all = self.crowd.all();
        if let Some(from_one) = all.get_mut(&self.network) {
            *from_one -= 1;
            if *from_one == 0 {
                all.remove(&self.network);
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
        let mut visitors: Vec<Visitor> = (0..FROM_ONE).map(|_| here().unwrap()).collect();
        assert!(matches!(here(), Err(Error::RateLimited { .. })));
        assert!(crowd.enter("192.0.2.2".parse().unwrap()).is_ok());
        visitors.pop();
        assert!(here().is_ok());
        drop(visitors);
        assert!(crowd.all().is_empty());
    }
}
