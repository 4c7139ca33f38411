// Runs before every test file: the tests run on the fastest crypto there is here, or on the one that BOOKEND_CRYPTO names.
import { installBestBackends } from '../src/node/crypto/installBestBackends.ts'

await installBestBackends()
