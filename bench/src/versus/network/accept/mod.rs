//! How each runtime accepts connections and starts a task for each, which does with it whatever it is given to do. Each sets
//! `TCP_NODELAY`.

pub(in crate::versus) mod async_executor;
pub(in crate::versus) mod canter;
pub(in crate::versus) mod smol;
pub(in crate::versus) mod tokio;
