import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { ApiKeyController } from './api-key.controller.js';
import { CurrentUserController } from './current-user.controller.js';

@Module({ imports: [AccessModule], controllers: [ApiKeyController, CurrentUserController] })
export class ApiKeyModule {}
