export { baseStyles, cardStyles, controlStyles } from '../element/styles';
