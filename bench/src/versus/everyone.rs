//! Those who take part in a workload that is the same code on every runtime.

/// The contenders of the workload of this name: the function, generic over the runtime, on each of them, and Go.
macro_rules! everyone {
    ($name:expr, $measure:ident) => {{
        use $crate::runtimes::{Aex, Canter, Runtime, Smol, Tokio, TokioCurrent};
        use $crate::versus::Contender;
        vec![
            Contender::ours($measure::<Canter>),
            Contender::peer(Tokio::NAME, $measure::<Tokio>),
            Contender::peer(TokioCurrent::NAME, $measure::<TokioCurrent>),
            Contender::peer(Smol::NAME, $measure::<Smol>),
            Contender::peer(Aex::NAME, $measure::<Aex>),
            Contender::go($name),
        ]
    }};
}

pub(super) use everyone;
