/** A program of perl(1), as its text. */
declare module '*.pl' {
  const text: string;
  export default text;
}
