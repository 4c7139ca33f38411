// The other end of a hop: it sends back whatever comes. Started by hop.ts as a process of its own.
import { createServer } from 'node:net'

const server = createServer(socket => {
  socket.setNoDelay(true)
  socket.on('data', chunk => socket.write(chunk))
  socket.on('close', () => server.close())
})
server.listen({ host: '127.0.0.1', port: 0 }, () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') process.send?.(address.port)
})
