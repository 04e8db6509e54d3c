import { createServer } from 'node:http';

const { jest } = import.meta;

/** What Jest has for ES modules and its typings lack. */
interface ModuleMocks {
  unstable_mockModule(name: string, make: () => unknown): void;
}

describe('createTestClient() without socket.io-client', () => {
  it('says what to install', async () => {
    (jest as unknown as ModuleMocks).unstable_mockModule('socket.io-client', () => {
      throw new Error("Cannot find package 'socket.io-client'");
    });
    const { createTestClient } = await import('../../src/testing/index.js');
    await expect(createTestClient(createServer())).rejects.toThrow(
      'createTestClient() needs the package socket.io-client: npm i -D socket.io-client',
    );
  });
});
