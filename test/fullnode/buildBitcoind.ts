import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// `npm run bitcoind`: builds the Bitcoin Core that interop/bitcoind/Cargo.toml pins, from the registry of Rust's crates, and says where the
// program is. It takes some minutes, a `cargo`, CMake, a C++ compiler, and the headers of Boost and libevent (on Debian: cmake g++
// libboost-dev libevent-dev). For tests alone: without optimisation that takes long, without wallet and ZMQ, whose sources the crate leaves out.

const PACKAGE = fileURLToPath(new URL('../../interop/bitcoind', import.meta.url))
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/bookend', import.meta.url))
const [OURS, CRATE] = ['bookend-interop-bitcoind', 'libbitcoinkernel-sys']
const MAX_METADATA_BYTES = 64 << 20
const OFF = [
  'BUILD_CLI',
  'BUILD_TX',
  'BUILD_UTIL',
  'BUILD_BITCOIN_BIN',
  'BUILD_TESTS',
  'BUILD_BENCH',
  'BUILD_FUZZ_BINARY',
  'BUILD_GUI',
  'BUILD_KERNEL_LIB',
  'ENABLE_WALLET',
  'ENABLE_IPC',
  'ENABLE_EXTERNAL_SIGNER',
  'WITH_EMBEDDED_ASMAP',
  'WITH_ZMQ',
]

/** Of what `cargo metadata` says of a package. */
interface CargoPackage {
  readonly name: string
  readonly manifest_path: string
  readonly metadata?: { readonly sources?: { readonly sha256?: string } } | null
}

/** The program, built at the first use of a version. Throws where something that it takes is missing. */
function builtBitcoind(): string {
  const pinned = createHash('sha256')
    .update(readFileSync(join(PACKAGE, 'Cargo.toml')))
    .digest('hex')
    .slice(0, 12)
  const program = join(CACHE, `bitcoind-${pinned}`)
  if (existsSync(program)) return program
  const build = join(CACHE, `bitcoind-build-${pinned}`)
  mkdirSync(build, { recursive: true })
  const options = ['-DBUILD_DAEMON=ON', '-DCMAKE_BUILD_TYPE=None', '-DCMAKE_CXX_FLAGS=-O1', '-DCMAKE_C_FLAGS=-O1']
  run('cmake', ['-S', sources(), '-B', build, ...OFF.map(name => `-D${name}=OFF`), ...options])
  run('cmake', ['--build', build, '--target', 'bitcoind', '--parallel', String(availableParallelism())])
  copyFileSync(join(build, 'bin', 'bitcoind'), program)
  return program
}

/** Where cargo has put them, once they are known to be those that are pinned. */
function sources(): string {
  // Cargo writes a lock file beside what it reads.
  const copy = join(CACHE, 'bitcoind-package')
  cpSync(PACKAGE, copy, { recursive: true })
  const metadata = execFileSync('cargo', ['metadata', '--format-version', '1'], {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: MAX_METADATA_BYTES,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { packages } = JSON.parse(metadata) as { readonly packages: readonly CargoPackage[] }
  const crate = packages.find(({ name }) => name === CRATE)
  const wanted = packages.find(({ name }) => name === OURS)?.metadata?.sources?.sha256
  if (crate === undefined || wanted === undefined) throw new Error(`interop/bitcoind does not pin ${CRATE}`)
  const folder = dirname(crate.manifest_path)
  // Cargo keeps what it was served beside what it has unpacked: registry/src/REGISTRY/CRATE, registry/cache/REGISTRY/CRATE.crate.
  const registry = dirname(folder)
  const served = join(registry, '..', '..', 'cache', basename(registry), `${basename(folder)}.crate`)
  const sha256 = createHash('sha256').update(readFileSync(served)).digest('hex')
  if (sha256 !== wanted) throw new Error(`The sources of Bitcoin Core are others than are pinned: ${sha256}`)
  return join(folder, 'bitcoin')
}

/** What it prints goes where people look, and nowhere else: the path alone is on standard output. */
function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', process.stderr, process.stderr] })
}

console.log(builtBitcoind())
