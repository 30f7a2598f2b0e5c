/** Renders the chat into the page. */

import { createRoot } from 'react-dom/client';
import { ChatInterface } from './chat-interface';

createRoot(document.getElementById('root') as HTMLElement).render(<ChatInterface />);
