/** Valid packets of Socket.IO v5, as text. */
export const SOCKETIO_SEEDS = [
  '0',
  '0{"token":"abc"}',
  '0/chat,{"token":{"a":[1,2]}}',
  '1',
  '1/chat,',
  '2["message"]',
  '2["message",1,-2.5,"three",null,true,{"a":{"b":[]}}]',
  '2/chat,["message",{"__proto__":{"x":1},"constructor":2}]',
  '217["ask","😀",{"\\ud83d":"\\ud800"}]',
  '2/chat,9007199254740991["ask"]',
  '30[]',
  '3/chat,12["answer",{"deep":[[[[1]]]]}]',
  '51-["bytes",{"_placeholder":true,"num":0}]',
  '52-/chat,3["bytes",[{"_placeholder":true,"num":1},{"a":{"_placeholder":true,"num":0}}]]',
  '61-7[{"_placeholder":true,"num":0}]',
];

export const SOCKETIO_WORDS = [
  '0',
  '1',
  '2["',
  '3',
  '4',
  '5',
  '51-',
  '52-',
  '61-',
  '/',
  '/chat,',
  '/admin?a=b,',
].concat(
  ['["', '"]', ',"a"', ',null', ',{}', ',[]', '{"_placeholder":true,"num":0}', '{"_placeholder":true,"num":1}'],
  ['"_placeholder"', '"num"', '"connect"', '"connect_error"', '"disconnecting"', '"newListener"', '"toJSON":1'],
);
