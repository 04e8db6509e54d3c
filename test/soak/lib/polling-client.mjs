import http from 'node:http';
import { PATH } from './wire-client.mjs';

/** A session of long-polling by hand; each request on a connection that `agent` keeps. */
export class PollingClient {
  sid = '';
  #port;
  #agent;

  /** @param {http.Agent} agent */
  constructor(port, agent) {
    this.#port = port;
    this.#agent = agent;
  }

  async open() {
    const { body } = await this.#request('GET');
    this.sid = JSON.parse(body.slice(1)).sid;
    return this;
  }

  async join() {
    await this.push('40');
    await this.poll();
    return this;
  }

  poll() {
    return this.#request('GET');
  }

  push(body) {
    return this.#request('POST', body);
  }

  /** Begins a poll and goes in the middle of it, once it has been sent. */
  async abortPoll() {
    const request = this.#start('GET');
    request.end();
    await new Promise((resolve) =>
      request.once('socket', (socket) => (socket.connecting ? socket.once('connect', resolve) : resolve())),
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    request.destroy();
  }

  #start(method) {
    const path = `${PATH}polling${this.sid && `&sid=${this.sid}`}`;
    const request = http.request({ port: this.#port, host: '127.0.0.1', path, method, agent: this.#agent });
    request.on('error', () => {});
    return request;
  }

  #request(method, body = '') {
    return new Promise((resolve, reject) => {
      const request = this.#start(method);
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks = [];
        response.on('error', reject);
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }));
      });
      request.end(body);
    });
  }
}
