declare module 'socket.io-client-2';
