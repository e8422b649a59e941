/** The last release of its line, which came without types: what is used here is the same. */
declare module 'amqplib-0' {
  export { connect } from 'amqplib';
}
