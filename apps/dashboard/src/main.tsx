import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { I18nProvider } from 'react-aria-components';
import { queries } from './api/client.http.js';
import { App } from './app.js';
import './styles.css';

createRoot(document.getElementById('root')!).render(
  <I18nProvider locale="en-US">
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </I18nProvider>,
);
