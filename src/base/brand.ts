/** A type that is a `T` at run time and its own kind at compile time: two brands never mix by accident. */
declare const brand: unique symbol
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
