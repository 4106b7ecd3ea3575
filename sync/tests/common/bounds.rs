//! A bound that types must have.

macro_rules! has {
    ($bounds:path: $($type:ty),* $(,)?) => {
        const _: fn() = || {
            fn has<T: $bounds>() {}
            $( has::<$type>(); )*
        };
    };
}
