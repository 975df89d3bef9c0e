export { concernsEngine, endsEngine, failureOf, type Failure } from '../element/failure';
