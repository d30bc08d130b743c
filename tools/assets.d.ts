/** Lua scripts are imported as text; the build and the test runner inline them. */
declare module '*.lua' {
  const source: string;
  export default source;
}
